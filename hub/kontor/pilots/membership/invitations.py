"""Invitations: a link that lets one person ask to join a pilot.

    make        a lead or office makes a link; its token is shown once and never kept, only its SHA-256
    accept      who holds the token, signed in in whatever way, asks to join (`invitation_door`); the link is used up
    confirm     a lead or office looks at what is verified about that person and says yes: they are a member
    refuse      or says no
    revoke      takes back a link that nobody has used

Nothing is compared with a mail address: a link may be passed on, and the yes of the one who invited is what counts. A
link is good for some days, and while the one who made it could still make it. Time is a parameter.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from kontor import roles
from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotFound
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.pilots import lifecycle, members
from kontor.pilots.life.typed import line, mistake_in
from kontor.pilots.members import Member
from kontor.pilots.membership import governing
from kontor.pilots.membership.governing import Governor
from kontor.pilots.membership.rules import end_of_stay, is_guest, may_give, may_invite, may_join, place_for
from kontor.pilots.model import STATES, InvitationRow, PilotRow
from kontor.pilots.standing import Standing
from kontor.words import _

_CHANGING: Final = frozenset(STATES) - {"archived"}
LONGEST_NOTE: Final = 200
TOLD_FOR: Final = timedelta(days=14)
"""How long somebody is told that they were turned down."""
OUTCOMES: Final = ("confirmed", "refused", "revoked")


@dataclass(frozen=True)
class Invitation:
    """A link to a pilot; `note` says for whom it is, `accepted_by` who used it, `outcome` how it ended (OUTCOMES)."""

    id: str
    pilot: str
    role: str
    note: str
    made_by: str
    made: datetime
    expires: datetime
    member_until: datetime | None
    accepted_by: str | None
    accepted: datetime | None
    outcome: str | None
    settled: datetime | None

    def state(self, now: datetime | None = None) -> str:
        """`open` (may be used), `waiting` (used, for a yes or no), `expired`, or its outcome."""
        if self.outcome is not None:
            return self.outcome
        if self.accepted is not None:
            return "waiting"
        return "open" if self.expires > (now or this_moment()) else "expired"


def make(
    session: Session,
    by: Governor,
    slug: str,
    role: str,
    note: str,
    *,
    until: date | None = None,
    now: datetime | None = None,
) -> tuple[Invitation, str]:
    """Make an invitation.

    Parameters
    ----------
    note : str
        For whom it is, in the words of who makes it; the person invited does not see it.
    until : date, optional
        The last day of the membership.

    Returns
    -------
    tuple
        The invitation, and its token, which is not kept anywhere.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `governing.hold` and `membership_rules.may_invite`.
    KontorError
        If the note cannot be (`bad_note`), or the day.
    """
    moment = now or this_moment()
    place = governing.hold(session, by, slug, now)
    may_invite(place, role)
    note = line(note)
    if mistake := mistake_in(note, least=1, most=LONGEST_NOTE):
        raise KontorError(mistake, code="bad_note")
    token = secrets.token_urlsafe(32)
    row = InvitationRow(
        id=secrets.token_hex(8),
        pilot=slug,
        role=role,
        token_hash=hash_of(token),
        note=note,
        made_by=by.name,
        made=moment,
        expires=moment + timedelta(days=by.rules.invitation_days),
        member_until=end_of_stay(until, now),
    )
    session.add(row)
    session.flush()
    trail.record(session, "invitation_made", actor=by.name, pilot=slug, now=now, role=role, invitation=row.id)
    return invitation_of(row), token


def confirm(session: Session, by: Governor, slug: str, id: str, *, now: datetime | None = None) -> Member:
    """Say yes to who accepted: they become a member, until the day of the invitation or, a guest, as long as may be.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `governing.hold`; `no_such_invitation` if the pilot has none of this id; `not_waiting` if nobody waits
        there; `inviter_gone` if who made it could not make it any more; `not_yourself`,
        `guest_role`, `no_guests`, `already_member`.
    """
    place, row = _waiting(session, by, slug, id, now)
    may_give(place, row.role)
    if not still_stands(session, row, by.offices, now):
        raise Conflict(
            _("Whoever made this invitation does not lead the pilot any more. Turn it down and make a new one."),
            code="inviter_gone",
        )
    person = people.get(session, row.accepted_by or "")
    assert person is not None, "who accepts is known"
    may_join(by.name, person, row.role)
    until, sponsor = row.member_until, None
    if is_guest(person):
        latest = lifecycle.day_of(now or this_moment()) + timedelta(days=by.rules.guest_days)
        place_for(place, by.rules, person, latest, now)
        until, sponsor = min(until or lifecycle.end_of(latest), lifecycle.end_of(latest)), by.name
    member = members.add(session, slug, person.name, row.role, until=until, sponsor=sponsor, by=by.name, now=now)
    _settle(session, row, "confirmed", by, now)
    return member


def refuse(session: Session, by: Governor, slug: str, id: str, *, now: datetime | None = None) -> Invitation:
    """Say no to who accepted.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `confirm`.
    """
    _place, row = _waiting(session, by, slug, id, now)
    return _settle(session, row, "refused", by, now)


def revoke(session: Session, by: Governor, slug: str, id: str, *, now: datetime | None = None) -> Invitation:
    """Take back an invitation that nobody has used.

    Raises
    ------
    NotFound, NotAllowed
        As `confirm`.
    Conflict
        If it was used or taken back before (`changed_meanwhile`).
    """
    governing.hold(session, by, slug, now)
    row = _of_pilot(session, slug, id)
    if row.accepted is not None or row.outcome is not None:
        raise Conflict(
            _("Somebody has used or taken back this invitation meanwhile. Load the page again."),
            code="changed_meanwhile",
        )
    return _settle(session, row, "revoked", by, now)


def of_pilot(session: Session, slug: str) -> list[Invitation]:
    """The invitations to a pilot, the newest first."""
    rows = session.scalars(
        select(InvitationRow).where(InvitationRow.pilot == slug).order_by(InvitationRow.made.desc(), InvitationRow.id)
    )
    return [invitation_of(row) for row in rows]


def of_person(session: Session, person: str) -> list[Invitation]:
    """The invitations that somebody has accepted and that nobody has answered yet, the oldest first."""
    return _accepted(session, InvitationRow.accepted_by == person)


def turned_down(session: Session, person: str, *, now: datetime | None = None) -> list[Invitation]:
    """The invitations that somebody accepted and was told no to within the last fortnight, the newest first."""
    rows = session.scalars(
        select(InvitationRow)
        .where(
            InvitationRow.accepted_by == person,
            InvitationRow.outcome == "refused",
            InvitationRow.settled > (now or this_moment()) - TOLD_FOR,
        )
        .order_by(InvitationRow.settled.desc(), InvitationRow.id)
    )
    return [invitation_of(row) for row in rows]


def waiting_for(session: Session, person: str) -> list[Invitation]:
    """The accepted invitations to which somebody should say yes or no, the oldest first.

    They are those to pilots that they lead, and those that they made.
    """
    led = {pilot.slug for pilot, role in members.pilots_of(session, person, states=_CHANGING) if role == "lead"}
    return _accepted(session, or_(InvitationRow.pilot.in_(led), InvitationRow.made_by == person))


def still_stands(
    session: Session, row: InvitationRow | Invitation, offices: Offices, now: datetime | None = None
) -> bool:
    """Whether who made an invitation could still make it."""
    own = members.role_of(session, row.made_by, row.pilot, now=now)
    within = roles.can(own, "manage") and roles.ROLES[row.role] <= roles.ROLES[own or ""]
    return within or offices.of(row.made_by) is not None


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def invitation_of(row: InvitationRow) -> Invitation:
    """A row as an invitation."""
    return Invitation(**{field: getattr(row, field) for field in Invitation.__dataclass_fields__})


def _accepted(session: Session, condition: ColumnElement[bool]) -> list[Invitation]:
    rows = session.scalars(
        select(InvitationRow)
        .join(PilotRow, PilotRow.slug == InvitationRow.pilot)
        .where(
            condition,
            InvitationRow.accepted.is_not(None),
            InvitationRow.outcome.is_(None),
            PilotRow.state.in_(_CHANGING),
        )
        .order_by(InvitationRow.accepted, InvitationRow.id)
    )
    return [invitation_of(row) for row in rows]


def _of_pilot(session: Session, slug: str, id: str) -> InvitationRow:
    row = session.get(InvitationRow, id)
    if row is None or row.pilot != slug:
        raise NotFound(_("The pilot has no such invitation."), code="no_such_invitation")
    return row


def _waiting(
    session: Session, by: Governor, slug: str, id: str, now: datetime | None
) -> tuple[Standing, InvitationRow]:
    place = governing.hold(session, by, slug, now)
    row = _of_pilot(session, slug, id)
    if row.accepted is None or row.outcome is not None:
        raise Conflict(
            _("Nobody waits for an answer to this invitation any more. Load the page again."), code="not_waiting"
        )
    return place, row


def _settle(session: Session, row: InvitationRow, outcome: str, by: Governor, now: datetime | None) -> Invitation:
    row.outcome, row.settled = outcome, now or this_moment()
    session.flush()
    trail.record(
        session,
        f"invitation_{outcome}",
        actor=by.name,
        pilot=row.pilot,
        person=row.accepted_by,
        now=now,
        role=row.role,
        invitation=row.id,
    )
    return invitation_of(row)
