"""Asking to join by a share link: what is asked for is an accepted invitation, to which a lead says yes or no.

Each person may ask once with each link: a no is a no.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor import roles
from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict
from kontor.pilots import members
from kontor.pilots.documents.shares import WORKING, Share, Shared
from kontor.pilots.membership.invitations import Invitation, invitation_of
from kontor.pilots.model import InvitationRow
from kontor.words import _


def may_ask(session: Session, shared: Shared, person: str, *, now: datetime | None = None) -> bool:
    """Whether a link lets this person ask to join: it was made for that, by somebody who still leads."""
    maker = members.role_of(session, shared.share.made_by, shared.share.pilot, now=now)
    return (
        shared.place is None
        and shared.share.role in WORKING
        and roles.can(maker, "manage")
        and shared.pilot.mode(now) == "working"
        and not has_asked(session, shared.share, person)
    )


def has_asked(session: Session, share: Share, person: str) -> bool:
    """Whether somebody has asked with this link before."""
    return session.scalar(select(InvitationRow.id).where(InvitationRow.token_hash == _mark(share, person))) is not None


def ask(session: Session, shared: Shared, person: str, *, now: datetime | None = None) -> Invitation:
    """Ask to join with the role of a link.

    Raises
    ------
    Conflict
        If they may not (`may_not_ask`): they are a member, have asked before, or the link is for looking only.
    """
    if not may_ask(session, shared, person, now=now):
        raise Conflict(
            _("This link does not let you ask to join, or you have asked already. A lead of the pilot can invite you."),
            code="may_not_ask",
        )
    moment, share = now or this_moment(), shared.share
    row = InvitationRow(
        id=secrets.token_hex(8),
        pilot=share.pilot,
        role=share.role,
        token_hash=_mark(share, person),
        note=share.note or _("asked by a link to {path}").format(path=share.path)[:200],
        made_by=share.made_by,
        made=share.made,
        expires=share.expires,
        accepted_by=person,
        accepted=moment,
    )
    session.add(row)
    session.flush()
    details = {"role": share.role, "invitation": row.id, "share": share.id}
    trail.record(session, "invitation_accepted", actor=person, pilot=share.pilot, person=person, now=now, **details)
    return invitation_of(row)


def _mark(share: Share, person: str) -> str:
    """Stands where an invitation's hash does; the colon makes sure that no token ever has it."""
    return ("share:" + hashlib.sha256(f"{share.id}\0{person}".encode()).hexdigest())[:64]
