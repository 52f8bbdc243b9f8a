"""A person's pilots as a list: what each is, who is in it now, and what one should know before opening it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from kontor import roles
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.pilots import members
from kontor.pilots.budget import standing as budget
from kontor.pilots.consortium import Snapshot
from kontor.pilots.helix import COUNTRIES, MAIN, SECTORS, Mix, mix
from kontor.pilots.lifecycle import Mode, day_of
from kontor.pilots.model import STATES
from kontor.pilots.store import Pilot
from kontor.quantities import day
from kontor.settings import Settings
from kontor.web.signin import Visitor
from kontor.words import N_, _, ngettext

GROUPS: dict[Mode, str] = {
    "working": N_("At work"),
    "planning": N_("Being prepared"),
    "reading": N_("Read-only"),
    "record": N_("Archived"),
}


@dataclass(frozen=True)
class Note:
    """Something to know about a pilot; `tone` is the chip's class."""

    words: str
    tone: str = ""


@dataclass(frozen=True)
class Present:
    """Somebody who is in a workspace now."""

    name: str
    display_name: str
    initials: str
    tone: str
    here: bool = True


@dataclass(frozen=True)
class Row:
    """A pilot in the list of one of its members."""

    pilot: Pilot
    role: str
    mode: Mode
    mix: Mix
    notes: Sequence[Note] = ()
    people_here: Sequence[Present] = ()

    @property
    def slug(self) -> str:
        return self.pilot.slug

    @property
    def title(self) -> str:
        return self.pilot.title

    @property
    def may_open(self) -> bool:
        """Whether this member may open the workspace now."""
        return self.mode == "working" and roles.can(self.role, "edit")

    @property
    def countries(self) -> list[str]:
        """Countries of the organisations that take part, the consortium's first."""
        found = {one.country for one in self.mix.organisations if one.country}
        return [*(code for code in COUNTRIES if code in found), *sorted(found - set(COUNTRIES))]

    @property
    def sectors(self) -> list[str]:
        """Kinds of organisations that take part, the main ones first."""
        return [sector for sector in SECTORS if self.mix.sectors[sector]]

    @property
    def whole(self) -> bool:
        """Whether all main kinds of organisations take part."""
        return all(self.mix.sectors[sector] for sector in MAIN)


def rows_of(
    request: Request, session: Session, visitor: Visitor, snapshot: Snapshot, *, now: datetime | None = None
) -> list[Row]:
    """A visitor's pilots in every state: those at work first, among them those where somebody is, then by title."""
    moment = now or this_moment()
    state = request.app.state
    settings: Settings = state.site.settings
    own = members.pilots_of(session, visitor.name, states=STATES, now=moment)
    present = present_in(request, session, [pilot.slug for pilot, _role in own])
    used = budget.shares_of(session, [pilot.slug for pilot, _role in own if pilot.state == "active"])
    rows = []
    for pilot, role in own:
        entry = snapshot.by_slug.get(pilot.slug)
        mode = pilot.mode(moment)
        notes = notes_of(pilot, mode, settings=settings, used=used.get(pilot.slug, 0), today=day_of(moment))
        found = entry.mix if entry else mix((), state.partners)
        rows.append(Row(pilot, role, mode, found, notes, present.get(pilot.slug, ())))
    order = list(GROUPS)
    return sorted(rows, key=lambda row: (order.index(row.mode), not row.people_here))


def present_in(request: Request, session: Session, slugs: Iterable[str]) -> dict[str, list[Present]]:
    """Who is in these workspaces now, members only; empty ones are left out."""
    state = request.app.state
    heard: dict[str, Collection[str]] = {slug: found for slug in slugs if (found := state.presence.here(slug))}
    if not heard:
        return {}
    belonging = members.of_many(session, heard)
    known = people.by_names(session, {name for names in heard.values() for name in names})
    return {slug: _present(state, known, belonging[slug], names) for slug, names in heard.items()}


def _present(
    state: Any, known: dict[str, people.Person], belonging: Collection[str], names: Collection[str]
) -> list[Present]:
    portraits = [state.portraits.of(known[name]) for name in names if name in known and name in belonging]
    found = [Present(one.name, one.display_name, one.initials, one.tone) for one in portraits]
    return sorted(found, key=lambda one: one.display_name)


def notes_of(pilot: Pilot, mode: Mode, *, settings: Settings, used: int, today: date) -> list[Note]:
    """What a member should know: where the pilot is in its life, what ends soon, how much of its budget is used.

    Parameters
    ----------
    used : int
        Percent of the budget.
    """
    if pilot.state != "active":
        return [_of_state(pilot, settings)]
    found = []
    if mode == "reading":
        found.append(Note(_("read-only: {why}").format(why=_why(pilot, today)), "warn"))
    warning = settings.pilots.warning_days
    for ends, one, many, last in (
        (pilot.ends, N_("ends in {n} day"), N_("ends in {n} days"), N_("ends today")),
        (
            pilot.agreement_ends,
            N_("agreement ends in {n} day"),
            N_("agreement ends in {n} days"),
            N_("agreement ends today"),
        ),
    ):
        left = (ends - today).days if ends else None
        if left is not None and 0 <= left <= warning:
            found.append(Note(ngettext(one, many, left).format(n=left) if left else _(last), "warn"))
    if used >= settings.budget.warn_percent:
        found.append(Note(_("{percent} % of the budget used").format(percent=used), "warn"))
    return found


def _of_state(pilot: Pilot, settings: Settings) -> Note:
    """Where a pilot that is not active stands."""
    if pilot.state == "proposed":
        return Note(_("proposed, waits for a decision"))
    if pilot.state == "approved":
        return Note(_("approved, starts on {day}").format(day=day(pilot.starts)), "ok")
    archived = pilot.archive_day(settings.pilots.closing_days)
    if pilot.state == "closing" and archived:
        return Note(_("closing, archived on {day}").format(day=day(archived)), "warn")
    return Note(_(pilot.state))


def _why(pilot: Pilot, today: date) -> str:
    expired = pilot.agreement_ends is not None and pilot.agreement_ends < today
    return _("the agreement has ended") if expired else _("the budget is used up")
