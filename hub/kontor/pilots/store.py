"""Pilots: the collaborations themselves. Who belongs to them is `members`, what may happen to them `lifecycle`.

Time is a parameter: `now` is this moment unless given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.names import check_slug
from kontor.pilots import lifecycle
from kontor.pilots.lifecycle import Mode, day_of
from kontor.pilots.model import CLASSES, STATES, PilotPartnerRow, PilotRow
from kontor.words import _


@dataclass(frozen=True)
class Pilot:
    """A collaboration.

    Parameters
    ----------
    slug : str
        Its name in addresses.
    class_ : str
        One of `model.CLASSES`.
    state : str
        One of `model.STATES`.
    notebook : str or None
        The file that its workspace starts with.
    data_wanted : str
        The data it needs, in words.
    agreement : str or None
        Reference of the agreement or ethics approval; `agreement_ends` is its last day.
    credits : float
        Its budget for the whole of its life.
    grace_until : datetime or None
        Set when the budget is used up; computing stops then.
    starts, ends : date
        First and last day.
    closed_on, archived_on : date or None
        When it began to close, and when it was archived.
    deletion_asked : datetime or None
        When deleting its files was begun, or an office asked for it before their day.
    data_deleted : datetime or None
        When its files and data were deleted.
    number : int
        Small, unique, never used again; given when the pilot is made.
    version : int
        Counts the changes; who changes a pilot says which version they read.
    """

    slug: str
    title: str
    question: str
    class_: str
    state: str
    technique: str | None
    facility: str | None
    notebook: str | None
    starts: date
    ends: date | None
    data_wanted: str = ""
    agreement: str | None = None
    agreement_ends: date | None = None
    credits: float = 2000.0
    grace_until: datetime | None = None
    grace_extended: bool = False
    proposed_by: str | None = None
    reason: str | None = None
    closed_on: date | None = None
    archived_on: date | None = None
    deletion_asked: datetime | None = None
    data_deleted: datetime | None = None
    number: int = 0
    version: int = 0

    def mode(self, now: datetime | None = None) -> Mode:
        """What is open in it at this moment (see `lifecycle`)."""
        moment = now or this_moment()
        stopped = self.grace_until is not None and self.grace_until <= moment
        return lifecycle.mode(self.state, agreement_ends=self.agreement_ends, stopped=stopped, today=day_of(moment))

    def archive_day(self, closing_days: int) -> date | None:
        """When it will be, or was, archived; None while it has no end."""
        begun = self.closed_on or self.ends
        return self.archived_on or (begun + timedelta(days=closing_days) if begun else None)

    def deletion_day(self, closing_days: int, keep_days: int) -> date | None:
        """When its files will be deleted; None while it has no end."""
        archived = self.archive_day(closing_days)
        return archived + timedelta(days=keep_days) if archived else None


@dataclass(frozen=True)
class TakesPart:
    """An organisation in a pilot.

    A partner of the consortium is its `slug` only; name, sector and country are in the table of partners. Any other
    organisation, such as a company, has a slug beginning with `company.` and brings them along.
    """

    slug: str
    name: str | None = None
    sector: str | None = None
    country: str | None = None


_GIVEN = ("number", "version")


def create(session: Session, pilot: Pilot, *, now: datetime | None = None) -> Pilot:
    """Add a pilot, or bring one with this slug to these words, state and dates.

    For what the installation brings along; people propose (`proposals`) and take steps (`lifecycle`).

    Raises
    ------
    KontorError
        If the slug, the class or the state is none of ours, the title is empty, or it ends before it starts.
    """
    check(pilot)
    row = session.get(PilotRow, pilot.slug)
    if row is None:
        add(session, pilot, now=now)
        if pilot.state == "active":
            trail.record(session, "pilot_started", actor=SYSTEM, pilot=pilot.slug, now=now)
        return get_one(session, pilot.slug)
    for key, value in vars(pilot).items():
        if key not in _GIVEN:
            setattr(row, key, value)
    session.flush()
    return pilot_of(row)


def add(session: Session, pilot: Pilot, *, now: datetime | None = None) -> Pilot:
    """Add a pilot whose slug is free; it gets the next number."""
    number = (session.scalar(select(func.max(PilotRow.number))) or 0) + 1
    values = {**vars(pilot), "number": number, "version": 1, "changed": now or this_moment()}
    row = PilotRow(**values)
    session.add(row)
    session.flush()
    return pilot_of(row)


def check(pilot: Pilot) -> None:
    """Raise KontorError unless the words and dates of a pilot can be."""
    check_slug(pilot.slug)
    one_of("class", pilot.class_, CLASSES)
    one_of("state", pilot.state, STATES)
    if not pilot.title.strip():
        raise KontorError(_("A pilot needs a title."), code="bad_title")
    if pilot.ends is not None and pilot.ends < pilot.starts:
        raise KontorError(
            _("The pilot {slug} would end before it starts. Change one of the dates.").format(slug=pilot.slug),
            code="bad_dates",
        )


def get(session: Session, slug: str) -> Pilot | None:
    """A pilot by slug, in whatever state, or None."""
    row = session.get(PilotRow, slug)
    return None if row is None else pilot_of(row)


def get_one(session: Session, slug: str) -> Pilot:
    """A pilot that is there; KeyError if it is not (a mistake of the caller)."""
    found = get(session, slug)
    if found is None:
        raise KeyError(slug)
    return found


def everything(session: Session, *, states: Iterable[str] = STATES) -> list[Pilot]:
    """All pilots in these states, by title."""
    rows = session.scalars(select(PilotRow).where(PilotRow.state.in_(set(states))).order_by(PilotRow.title))
    return [pilot_of(row) for row in rows]


def active(session: Session) -> list[Pilot]:
    """All active pilots, by title; some of them may be read-only (`Pilot.mode`)."""
    return everything(session, states=("active",))


def partners_of(session: Session, slugs: Iterable[str]) -> dict[str, list[TakesPart]]:
    """The organisations that take part in each pilot, by slug; pilots without any are left out."""
    found: dict[str, list[TakesPart]] = {}
    rows = session.scalars(
        select(PilotPartnerRow).where(PilotPartnerRow.pilot.in_(set(slugs))).order_by(PilotPartnerRow.partner)
    )
    for row in rows:
        found.setdefault(row.pilot, []).append(TakesPart(row.partner, row.name, row.sector, row.country))
    return found


def set_partners(session: Session, slug: str, partners: Iterable[TakesPart]) -> None:
    """Make these, and no others, the organisations that take part in a pilot."""
    wanted = {one.slug: one for one in partners}
    for row in session.scalars(select(PilotPartnerRow).where(PilotPartnerRow.pilot == slug)):
        if row.partner not in wanted:
            session.delete(row)
    for one in wanted.values():
        session.merge(
            PilotPartnerRow(pilot=slug, partner=one.slug, name=one.name, sector=one.sector, country=one.country)
        )
    session.flush()


def one_of(what: str, value: str, known: Sequence[str]) -> None:
    """Raise KontorError (`unknown_<what>`) unless `value` is one of `known`."""
    if value not in known:
        raise KontorError(
            _("{value!r} is not a {what}. Use one of: {known}.").format(
                value=value[:40], what=what, known=", ".join(known)
            ),
            code=f"unknown_{what}",
        )


def pilot_of(row: PilotRow) -> Pilot:
    """A row as a pilot."""
    return Pilot(**{field: getattr(row, field) for field in Pilot.__dataclass_fields__})
