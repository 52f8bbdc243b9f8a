"""Changing the words and dates of a pilot.

Until a pilot is approved its lead may change everything but its short name; afterwards who takes part, where it is
measured and which data it wants, while what was approved (title, question, class, agreement) is for the offices, the
end is moved by a step (`steps`) and the budget has a page of its own. Who changes a pilot says which version they read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict, NotAllowed, NotFound
from kontor.pilots import lifecycle, store
from kontor.pilots.life.deciding import refuse_guests
from kontor.pilots.life.draft import COMPANY, GUARDED, Draft, WrongDraft, mistakes_in, named
from kontor.pilots.life.proposals import House
from kontor.pilots.lifecycle import day_of
from kontor.pilots.model import PilotRow
from kontor.pilots.store import Pilot, TakesPart
from kontor.words import _

FACTS: Final = frozenset({"partners", "others", "facility", "technique", "data_wanted"})
TERMS: Final = frozenset({"title", "question", "class_", "agreement", "agreement_ends"})
"""What an office approved."""
PLANS: Final = frozenset({"starts", "ends", "credits"})
_PLANNED: Final = frozenset({"proposed", "declined", "withdrawn"})
_MOST_KEPT: Final = 500


def draft_of(session: Session, pilot: Pilot) -> Draft:
    """A pilot's words and dates as a draft, to change them."""
    parts = store.partners_of(session, [pilot.slug]).get(pilot.slug, [])
    return Draft(
        title=pilot.title,
        question=pilot.question,
        class_=pilot.class_,
        starts=pilot.starts,
        ends=pilot.ends,
        slug=pilot.slug,
        partners=tuple(sorted(one.slug for one in parts if not one.slug.startswith(COMPANY))),
        others=tuple(one for one in parts if one.slug.startswith(COMPANY)),
        facility=pilot.facility or "",
        technique=pilot.technique or "",
        data_wanted=pilot.data_wanted,
        agreement=pilot.agreement or "",
        agreement_ends=pilot.agreement_ends,
        credits=pilot.credits,
    )


def open_fields(state: str, who: frozenset[str]) -> frozenset[str]:
    """The fields of a draft that somebody who is `who` (see `lifecycle`) may change in a pilot in this state."""
    if not who & {lifecycle.LEAD, lifecycle.OFFICE} or state == "archived":
        return frozenset()
    if state in _PLANNED:
        return FACTS | TERMS | PLANS
    return FACTS | TERMS if lifecycle.OFFICE in who else FACTS


def revise(
    session: Session,
    slug: str,
    changes: Mapping[str, Any],
    *,
    version: int,
    by: str,
    who: frozenset[str],
    house: House,
    now: datetime | None = None,
) -> Pilot:
    """Change a pilot's words and dates.

    Parameters
    ----------
    changes : mapping
        Fields of a Draft -> what they are to be; they may be as they are.
    version, who
        The version that they read, and what they are in this pilot (see `lifecycle`).

    Raises
    ------
    Conflict
        If it was changed since (`changed_meanwhile`), its state closes these fields (`wrong_state`), or guests
        are in a pilot that is to be clinical (`guests_in_pilot`).
    NotAllowed
        If the fields are not theirs to change (`may_not_change`).
    WrongDraft
        With everything that would be wrong.
    """
    moment = now or this_moment()
    row = held(session, slug, version)
    before = draft_of(session, store.pilot_of(row))
    after = replace(before, **changes)
    after = replace(after, others=named(_known(after.others, before.others)))
    changed = {one.name for one in fields(Draft) if getattr(before, one.name) != getattr(after, one.name)}
    _refuse_closed(changed, row.state, who)
    _refuse_wrong(after, changed, row.state, house, day_of(moment))
    if "class_" in changed and after.class_ == "clinical":
        refuse_guests(session, slug, moment)
    if changed:
        _write(session, row, after, changed, moment)
        _tell(session, before, after, changed, by, moment)
    return store.pilot_of(row)


def held(session: Session, slug: str, version: int | None = None) -> PilotRow:
    """The row of a pilot, for changing it: nobody else changes anything until this transaction ends.

    Raises
    ------
    NotFound
        If there is no such pilot.
    Conflict
        If it is not the version that was read (`changed_meanwhile`).
    """
    session.execute(update(PilotRow).where(PilotRow.slug == slug).values(version=PilotRow.version))
    row = session.get(PilotRow, slug, populate_existing=True)
    if row is None:
        raise NotFound(_("There is no pilot {slug!r}.").format(slug=slug[:40]), code="no_such_pilot")
    if version is not None and row.version != version:
        raise Conflict(
            _("Somebody else has changed this pilot since you opened it. Look at it as it is now, then try again."),
            code="changed_meanwhile",
        )
    return row


def _refuse_closed(changed: set[str], state: str, who: frozenset[str]) -> None:
    if changed <= open_fields(state, who):
        return
    if state not in _PLANNED and changed & TERMS and lifecycle.OFFICE not in who:
        raise NotAllowed(
            _("Title, question, class and agreement of an approved pilot are changed by a steward or operator."),
            code="may_not_change",
        )
    if not who & {lifecycle.LEAD, lifecycle.OFFICE}:
        raise NotAllowed(_("Your role does not allow this. Ask the lead of the pilot."), code="may_not_change")
    raise Conflict(
        _("This cannot be changed any more in a pilot that is {state}. The end is moved by extending it.").format(
            state=_(state)
        ),
        code="wrong_state",
    )


def _refuse_wrong(after: Draft, changed: set[str], state: str, house: House, today: date) -> None:
    wrong = mistakes_in(after, partners=house.partners, settings=house.settings, today=today)
    wrong |= _unguarded(after) if state not in _PLANNED else {}
    wrong = {field: sentence for field, sentence in wrong.items() if _concerns(field, changed)}
    if wrong:
        raise WrongDraft(wrong)


def _known(others: tuple[TakesPart, ...], before: tuple[TakesPart, ...]) -> tuple[TakesPart, ...]:
    """Organisations outside the consortium, those with their slug that were there by this name before."""
    slugs = {one.name: one.slug for one in before}
    return tuple(replace(one, slug=one.slug or slugs.get(one.name, "")) for one in others)


def _unguarded(draft: Draft) -> dict[str, str]:
    if draft.class_ in GUARDED and not (draft.agreement and draft.agreement_ends):
        return {"agreement": _("Data of this class needs an agreement or ethics approval with its last day.")}
    return {}


def _concerns(field: str, changed: set[str]) -> bool:
    """Whether a mistake is one of those who made these changes; what was there before is not theirs to mend."""
    also = {
        "class": {"class_"},
        "partners": {"partners", "others"},
        "ends": {"starts", "ends"},
        "agreement": {"class_", "agreement", "agreement_ends"},
        "agreement_ends": {"agreement", "agreement_ends"},
        "hours": {"credits"},
    }
    return bool(also.get(field, {field.partition(".")[0]}) & changed)


def _write(session: Session, row: PilotRow, draft: Draft, changed: set[str], moment: datetime) -> None:
    for field in changed - {"partners", "others"}:
        value = getattr(draft, field)
        setattr(row, field, None if value == "" and field in ("facility", "technique", "agreement") else value)
    row.version, row.changed = row.version + 1, moment
    session.flush()
    if changed & {"partners", "others"}:
        store.set_partners(session, row.slug, draft.organisations)


def _tell(session: Session, before: Draft, draft: Draft, changed: set[str], by: str, moment: datetime) -> None:
    slug = draft.slug
    _tell_fields(session, before, draft, changed, by, moment)
    if changed & {"agreement", "agreement_ends"} and draft.agreement and draft.agreement_ends:
        until = draft.agreement_ends.isoformat()
        trail.record(
            session,
            "agreement_recorded",
            actor=by,
            pilot=slug,
            now=moment,
            reference=draft.agreement,
            until=until,
        )


def _kept(value: Any) -> str:
    """What the log keeps of a field."""
    if isinstance(value, tuple):
        value = ", ".join(one if isinstance(one, str) else one.name or one.slug for one in value)
    return "" if value is None else str(value)[:_MOST_KEPT]


def _tell_fields(session: Session, before: Draft, draft: Draft, changed: set[str], by: str, moment: datetime) -> None:
    """Which fields were changed, with what stood there before and what stands there now."""
    names = {field: field.rstrip("_") for field in changed}
    details = {f"{name}_before": _kept(getattr(before, field)) for field, name in names.items()}
    details |= {f"{name}_after": _kept(getattr(draft, field)) for field, name in names.items()}
    told = ", ".join(sorted(names.values()))
    trail.record(session, "pilot_revised", actor=by, pilot=draft.slug, now=moment, changed=told, **details)
