"""The door: where somebody comes with the token of an invitation.

Whoever comes with one that is not good (unknown, too old, used, taken back, made by somebody who could not make it any
more, to a pilot that is archived) is told the same, whatever the reason, and after the same questions to the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict, NotFound
from kontor.people import store as people
from kontor.pilots import members, store
from kontor.pilots.membership import invitations
from kontor.pilots.membership.governing import Governor
from kontor.pilots.membership.invitations import Invitation, hash_of, invitation_of
from kontor.pilots.membership.rules import is_guest, no_guests
from kontor.pilots.model import InvitationRow
from kontor.pilots.store import Pilot
from kontor.words import N_, _

NOT_GOOD: Final = N_(
    "This invitation cannot be used. It may have been used already, taken back, or be too old. Ask whoever invited "
    "you for a new one. After several tries, wait ten minutes."
)


@dataclass(frozen=True)
class Door:
    """What a good token opens, for the person who holds it; `closed` says why they cannot go in, if they cannot."""

    invitation: Invitation
    pilot: Pilot
    closed: str | None = None


def not_good() -> NotFound:
    """The one refusal of this door."""
    return NotFound(_(NOT_GOOD), code="invitation_not_good")


def look(session: Session, guest: Governor, token: str, *, now: datetime | None = None) -> Door:
    """What a token opens, without using it.

    Parameters
    ----------
    guest : Governor
        Who holds the token, and the rules of the installation.

    Raises
    ------
    NotFound
        If it is not good; always in the same words (`invitation_not_good`).
    """
    moment = now or this_moment()
    row = session.scalar(select(InvitationRow).where(InvitationRow.token_hash == hash_of(token)))
    asked = row or InvitationRow(pilot="", made_by="", role="viewer")
    stands = invitations.still_stands(session, asked, guest.offices, now)
    pilot = store.get(session, asked.pilot)
    own = members.role_of(session, guest.name, asked.pilot, now=now)
    who = people.get(session, guest.name)
    if row is None or pilot is None or who is None or not stands or pilot.mode(now) == "record":
        raise not_good()
    if invitation_of(row).state(moment) != "open":
        raise not_good()
    closed = None
    if own is not None:
        closed = _("You are a member of this pilot already, as {role}.").format(role=_(own))
    elif is_guest(who) and pilot.class_ == "clinical":
        closed = no_guests(who.display_name)
    return Door(invitation_of(row), pilot, closed)


def accept(session: Session, guest: Governor, token: str, *, now: datetime | None = None) -> Invitation:
    """Ask to join with a token, which is used up by it.

    Raises
    ------
    NotFound
        If it is not good, or somebody else was faster (`invitation_not_good`).
    Conflict
        If they are a member already (`already_member`), or no guest may come in (`no_guests`); it is not used up.
    """
    door = look(session, guest, token, now=now)
    if door.closed is not None:
        inside = members.role_of(session, guest.name, door.pilot.slug, now=now) is not None
        raise Conflict(door.closed, code="already_member" if inside else "no_guests")
    used = session.execute(
        update(InvitationRow)
        .where(
            InvitationRow.id == door.invitation.id, InvitationRow.accepted.is_(None), InvitationRow.outcome.is_(None)
        )
        .values(accepted_by=guest.name, accepted=now or this_moment())
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", used).rowcount != 1:
        raise not_good()
    session.expire_all()
    found = invitation_of(session.get_one(InvitationRow, door.invitation.id))
    trail.record(
        session,
        "invitation_accepted",
        actor=guest.name,
        pilot=found.pilot,
        person=guest.name,
        now=now,
        role=found.role,
        invitation=found.id,
    )
    return found
