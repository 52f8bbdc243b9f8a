"""Members of pilots: who belongs to which, with which role, from when to when.

A membership *runs* from `since` until `until`. Whether it gives a right to anything depends on the pilot, too
(`lifecycle.mode`); that question is asked in `standing`. Time is a parameter: `now` is this moment unless given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotFound
from kontor.people import store as people
from kontor.pilots import lifecycle, store
from kontor.pilots.model import MembershipRow, PilotRow
from kontor.pilots.store import Pilot, one_of, pilot_of
from kontor.roles import ROLES
from kontor.words import _


@dataclass(frozen=True)
class Member:
    """A person's part in a pilot; a guest has a `sponsor` and an end. `version` counts the changes."""

    pilot: str
    person: str
    role: str
    since: datetime
    until: datetime | None
    sponsor: str | None = None
    version: int = 1


def of(session: Session, slug: str, *, now: datetime | None = None) -> list[Member]:
    """Whose membership of a pilot runs, leads first, then by role and in the order in which they came."""
    rows = session.scalars(
        select(MembershipRow)
        .where(MembershipRow.pilot == slug, runs(now))
        .order_by(MembershipRow.since, MembershipRow.person)
    )
    order = ["lead", *sorted(set(ROLES) - {"lead"}, key=lambda role: -len(ROLES[role]))]
    return sorted((member_of(row) for row in rows), key=lambda member: order.index(member.role))


def of_many(session: Session, slugs: Iterable[str], *, now: datetime | None = None) -> dict[str, dict[str, str]]:
    """Who is in each of these pilots, whatever its state: slug -> account name -> role."""
    found: dict[str, dict[str, str]] = {slug: {} for slug in slugs}
    rows = session.execute(
        select(MembershipRow.pilot, MembershipRow.person, MembershipRow.role).where(
            MembershipRow.pilot.in_(found), runs(now)
        )
    )
    for slug, person, role in rows:
        found[slug][person] = role
    return found


def all_working(session: Session, *, now: datetime | None = None) -> dict[str, dict[str, str]]:
    """Who is in which pilot that works now: slug -> account name -> role. The reconciler derives access from it."""
    return of_many(session, [one.slug for one in store.active(session) if one.mode(now) == "working"], now=now)


def pilots_of(
    session: Session, person: str, *, states: Collection[str] = ("active",), now: datetime | None = None
) -> list[tuple[Pilot, str]]:
    """A person's pilots in these states with their role in each, by title."""
    rows = session.execute(
        select(PilotRow, MembershipRow.role)
        .join(MembershipRow, MembershipRow.pilot == PilotRow.slug)
        .where(MembershipRow.person == person, PilotRow.state.in_(set(states)), runs(now))
        .order_by(PilotRow.title)
    )
    return [(pilot_of(row), role) for row, role in rows]


def has_pilot(session: Session, person: str, *, now: datetime | None = None) -> bool:
    """Whether somebody is a member of any active pilot."""
    return bool(pilots_of(session, person, now=now))


def role_of(session: Session, person: str, slug: str, *, now: datetime | None = None) -> str | None:
    """A person's role in a pilot, in whatever state that is; None if their membership does not run."""
    row = running(session, slug, person, now)
    return None if row is None else row.role


def get(session: Session, slug: str, person: str, *, now: datetime | None = None) -> Member | None:
    """A membership that runs, or None."""
    row = running(session, slug, person, now)
    return None if row is None else member_of(row)


def add(
    session: Session,
    slug: str,
    person: str,
    role: str,
    *,
    until: datetime | None = None,
    sponsor: str | None = None,
    by: str = SYSTEM,
    now: datetime | None = None,
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
    one_of("role", role, tuple(ROLES))
    if store.get(session, slug) is None:
        raise NotFound(_("There is no pilot {slug!r}.").format(slug=slug[:40]), code="no_such_pilot")
    who = people.get(session, person)
    if who is None:
        raise NotFound(
            _("Nobody with this account name is known here. They have to sign in once."), code="no_such_person"
        )
    if until is not None and until <= moment:
        raise past_end()
    row = session.get(MembershipRow, (slug, person))
    if row is not None and (row.until is None or row.until > moment):
        raise Conflict(
            _("{name} is a member already, as {role}.").format(name=who.display_name, role=_(row.role)),
            code="already_member",
        )
    if row is None:
        row = MembershipRow(pilot=slug, person=person, version=0)
        session.add(row)
    row.role, row.since, row.until, row.sponsor = role, moment, until, sponsor
    row.version, row.end_told = row.version + 1, False
    session.flush()
    trail.record(session, "member_added", actor=by, pilot=slug, person=person, now=moment, role=role)
    return member_of(row)


def set_role(
    session: Session, slug: str, person: str, role: str, *, by: str = SYSTEM, now: datetime | None = None
) -> Member:
    """Give a member another role.

    Raises
    ------
    NotFound
        If they are not a member.
    KontorError
        If the role is none of ours.
    """
    one_of("role", role, tuple(ROLES))
    row = must_run(session, slug, person, now)
    if row.role != role:
        before, row.role, row.version = row.role, role, row.version + 1
        session.flush()
        trail.record(session, "role_changed", actor=by, pilot=slug, person=person, now=now, role=role, before=before)
    return member_of(row)


def set_until(
    session: Session,
    slug: str,
    person: str,
    until: datetime | None,
    *,
    sponsor: str | None = None,
    by: str = SYSTEM,
    now: datetime | None = None,
) -> Member:
    """Let a membership end at a moment, or never.

    Parameters
    ----------
    sponsor : str, optional
        Who answers for a guest from now on.

    Raises
    ------
    NotFound
        If they are not a member.
    KontorError
        If `until` has passed.
    """
    moment = now or this_moment()
    row = must_run(session, slug, person, now)
    if until is not None and until <= moment:
        raise past_end()
    if row.until != until or row.sponsor != sponsor:
        row.until, row.sponsor, row.end_told, row.version = until, sponsor, False, row.version + 1
        session.flush()
        action = "membership_dated" if until else "membership_undated"
        last = {"until": lifecycle.last_day(until).isoformat()} if until else {}
        trail.record(session, action, actor=by, pilot=slug, person=person, now=now, **last)
    return member_of(row)


def hand_over(session: Session, slug: str, giver: str, person: str, *, now: datetime | None = None) -> Member:
    """Make a member lead in the place of another, who becomes editor.

    Raises
    ------
    NotFound
        If one of them is not a member.
    """
    old, new = must_run(session, slug, giver, now), must_run(session, slug, person, now)
    for row, role in ((new, "lead"), (old, "editor")):
        if row.role != role:
            row.role, row.version = role, row.version + 1
    session.flush()
    trail.record(session, "lead_handed_over", actor=giver, pilot=slug, person=person, now=now)
    return member_of(new)


def remove(session: Session, slug: str, person: str, *, by: str = SYSTEM, now: datetime | None = None) -> None:
    """End a membership now.

    Raises
    ------
    NotFound
        If they are not a member.
    """
    row = must_run(session, slug, person, now)
    row.until, row.end_told, row.version = now or this_moment(), True, row.version + 1
    session.flush()
    action = "member_left" if by == person else "member_removed"
    trail.record(session, action, actor=by, pilot=slug, person=person, now=now, role=row.role)


def past_end() -> KontorError:
    """The refusal of an end that has passed."""
    return KontorError(_("The end of a membership has to be in the future."), code="bad_dates")


def must_run(session: Session, slug: str, person: str, now: datetime | None) -> MembershipRow:
    """The row of a membership that runs; NotFound if it does not."""
    row = running(session, slug, person, now)
    if row is None:
        raise NotFound(_("This person is not a member of the pilot."), code="not_a_member")
    return row


def running(session: Session, slug: str, person: str, now: datetime | None) -> MembershipRow | None:
    """The row of a membership that runs, or None."""
    return session.scalar(
        select(MembershipRow).where(MembershipRow.pilot == slug, MembershipRow.person == person, runs(now))
    )


def runs(now: datetime | None) -> ColumnElement[bool]:
    """The condition that a membership runs at a moment."""
    moment = now or this_moment()
    open_end: ColumnElement[bool] = or_(MembershipRow.until.is_(None), MembershipRow.until > moment)
    return (MembershipRow.since <= moment) & open_end


def member_of(row: MembershipRow) -> Member:
    """A row as a member."""
    return Member(row.pilot, row.person, row.role, row.since, row.until, row.sponsor, row.version)
