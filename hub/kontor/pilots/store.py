"""Pilots: the collaborations, who belongs to them, and with which role.

A person is a *member* of a pilot while their membership runs (`since` reached, `until` not) and the pilot is
*active*; in every other case they have no role in it, whatever the tables say. Time is a parameter: `now` is this
moment unless given. What a role may do is `kontor.roles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotFound
from kontor.names import check_slug
from kontor.people import store as people
from kontor.pilots import events
from kontor.pilots.model import CLASSES, STATES, MembershipRow, PilotRow
from kontor.roles import ROLES


@dataclass(frozen=True)
class Pilot:
    """A collaboration. `notebook` is the file that its workspace starts with."""

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


@dataclass(frozen=True)
class Member:
    """A person's part in a pilot."""

    pilot: str
    person: str
    role: str
    since: datetime
    until: datetime | None


def create(session: Session, pilot: Pilot, *, now: datetime | None = None) -> Pilot:
    """Add a pilot, or bring one with this slug to these words, state and dates.

    Raises
    ------
    KontorError
        If the slug, the class or the state is none of ours, the title is empty, or it ends before it starts.
    """
    check_slug(pilot.slug)
    _one_of("class", pilot.class_, CLASSES)
    _one_of("state", pilot.state, STATES)
    if not pilot.title.strip():
        raise KontorError("A pilot needs a title.", code="bad_title")
    if pilot.ends is not None and pilot.ends < pilot.starts:
        raise KontorError(
            f"The pilot {pilot.slug!r} would end before it starts. Change one of the dates.", code="bad_dates"
        )
    values = {**vars(pilot)}
    row = session.get(PilotRow, pilot.slug)
    if row is None:
        session.add(PilotRow(**values))
        session.flush()
        events.add(session, pilot.slug, "pilot_started", "The pilot is open.", now=now)
    else:
        for key, value in values.items():
            setattr(row, key, value)
        session.flush()
    return pilot


def get(session: Session, slug: str) -> Pilot | None:
    """A pilot by slug, in whatever state, or None."""
    row = session.get(PilotRow, slug)
    return None if row is None else _pilot(row)


def active(session: Session) -> list[Pilot]:
    """All active pilots, by title."""
    rows = session.scalars(select(PilotRow).where(PilotRow.state == "active").order_by(PilotRow.title))
    return [_pilot(row) for row in rows]


def all_active(session: Session, *, now: datetime | None = None) -> dict[str, dict[str, str]]:
    """Who is in which active pilot: slug -> account name -> role. A pilot without members is in it, empty."""
    found: dict[str, dict[str, str]] = {pilot.slug: {} for pilot in active(session)}
    for row in session.scalars(select(MembershipRow).where(_runs(now))):
        if row.pilot in found:
            found[row.pilot][row.person] = row.role
    return found


def pilots_of(session: Session, person: str, *, now: datetime | None = None) -> list[tuple[Pilot, str]]:
    """A person's pilots with their role in each, by title."""
    rows = session.execute(
        select(PilotRow, MembershipRow.role)
        .join(MembershipRow, MembershipRow.pilot == PilotRow.slug)
        .where(MembershipRow.person == person, PilotRow.state == "active", _runs(now))
        .order_by(PilotRow.title)
    )
    return [(_pilot(row), role) for row, role in rows]


def has_pilot(session: Session, person: str, *, now: datetime | None = None) -> bool:
    """Whether somebody is a member of any pilot."""
    return bool(pilots_of(session, person, now=now))


def role_of(session: Session, person: str, slug: str, *, now: datetime | None = None) -> str | None:
    """A person's role in a pilot; None if they are no member (any more) or the pilot is not active."""
    return session.scalar(
        select(MembershipRow.role)
        .join(PilotRow, MembershipRow.pilot == PilotRow.slug)
        .where(MembershipRow.person == person, PilotRow.slug == slug, PilotRow.state == "active", _runs(now))
    )


def belongs(session: Session, person: str, slug: str, *, now: datetime | None = None) -> bool:
    """Whether somebody's membership runs, in whatever state the pilot is; gives no right to anything."""
    return _running(session, slug, person, now) is not None


def members(session: Session, slug: str, *, now: datetime | None = None) -> list[Member]:
    """Whose membership of a pilot runs, leads first, then in the order in which they came."""
    rows = session.scalars(
        select(MembershipRow)
        .where(MembershipRow.pilot == slug, _runs(now))
        .order_by(MembershipRow.since, MembershipRow.person)
    )
    order = ["lead", *sorted(set(ROLES) - {"lead"}, key=lambda role: -len(ROLES[role]))]
    return sorted((_member(row) for row in rows), key=lambda member: order.index(member.role))


def add_member(
    session: Session, slug: str, person: str, role: str, *, until: datetime | None = None, now: datetime | None = None
) -> Member:
    """Make somebody a member. Somebody who was one before is one again, from now.

    Raises
    ------
    NotFound
        If there is no such pilot or person.
    Conflict
        If they are a member already.
    KontorError
        If the role is none of ours, or `until` has passed.
    """
    moment = now or this_moment()
    _one_of("role", role, tuple(ROLES))
    if get(session, slug) is None:
        raise NotFound(f"There is no pilot {slug!r}.", code="no_such_pilot")
    who = people.get(session, person)
    if who is None:
        raise NotFound("Nobody with this account name is known here. They have to sign in once.", code="no_such_person")
    if until is not None and until <= moment:
        raise KontorError("The end of a membership has to be in the future.", code="bad_dates")
    row = session.get(MembershipRow, (slug, person))
    if row is not None and (row.until is None or row.until > moment):
        raise Conflict(f"{who.display_name} is a member of {slug!r} already, as {row.role}.", code="already_member")
    if row is None:
        row = MembershipRow(pilot=slug, person=person)
        session.add(row)
    row.role, row.since, row.until = role, moment, until
    session.flush()
    events.add(session, slug, "member_added", f"{who.display_name} joined as {role}.", person=person, now=moment)
    return _member(row)


def set_role(session: Session, slug: str, person: str, role: str, *, now: datetime | None = None) -> Member:
    """Give a member another role.

    Raises
    ------
    NotFound
        If they are not a member.
    KontorError
        If the role is none of ours.
    """
    _one_of("role", role, tuple(ROLES))
    row = _membership(session, slug, person, now)
    if row.role != role:
        row.role = role
        session.flush()
        events.add(session, slug, "role_changed", f"{_called(session, person)} is now {role}.", person=person, now=now)
    return _member(row)


def remove_member(session: Session, slug: str, person: str, *, now: datetime | None = None) -> None:
    """End a membership now.

    Raises
    ------
    NotFound
        If they are not a member.
    """
    row = _membership(session, slug, person, now)
    row.until = now or this_moment()
    session.flush()
    events.add(session, slug, "member_left", f"{_called(session, person)} left.", person=person, now=now)


def _membership(session: Session, slug: str, person: str, now: datetime | None) -> MembershipRow:
    row = _running(session, slug, person, now)
    if row is None:
        raise NotFound(f"This person is not a member of {slug!r}.", code="not_a_member")
    return row


def _running(session: Session, slug: str, person: str, now: datetime | None) -> MembershipRow | None:
    return session.scalar(
        select(MembershipRow).where(MembershipRow.pilot == slug, MembershipRow.person == person, _runs(now))
    )


def _runs(now: datetime | None) -> ColumnElement[bool]:
    moment = now or this_moment()
    running: ColumnElement[bool] = or_(MembershipRow.until.is_(None), MembershipRow.until > moment)
    return (MembershipRow.since <= moment) & running


def _called(session: Session, person: str) -> str:
    who = people.get(session, person)
    return who.display_name if who else "Somebody"


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise KontorError(f"{value!r} is not a {what}. Use one of: {', '.join(known)}.", code=f"unknown_{what}")


def _pilot(row: PilotRow) -> Pilot:
    return Pilot(
        slug=row.slug,
        title=row.title,
        question=row.question,
        class_=row.class_,
        state=row.state,
        technique=row.technique,
        facility=row.facility,
        notebook=row.notebook,
        starts=row.starts,
        ends=row.ends,
    )


def _member(row: MembershipRow) -> Member:
    return Member(pilot=row.pilot, person=row.person, role=row.role, since=row.since, until=row.until)
