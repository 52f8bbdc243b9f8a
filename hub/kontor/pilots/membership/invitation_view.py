"""Invitations as leads see them: for whom, in which state, and what is verified about who accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.people.portrait import Portraits
from kontor.pilots import lifecycle
from kontor.pilots.membership import invitations
from kontor.pilots.membership.invitations import Invitation
from kontor.pilots.membership.member_view import PersonView, person_view
from kontor.pilots.membership.rules import is_guest


class Verified(PersonView):
    """What is verified about somebody: where they signed in, since when they are known, who vouches for them."""

    issuer: str
    first_seen: datetime
    guest: bool


class InvitationView(BaseModel):
    """An invitation.

    `state` is `open`, `waiting`, `expired`, `void` (who made it could not make it any more), `confirmed`, `refused` or
    `revoked`. `person` is who accepted it; `last_day` the last day of the membership, if it has one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    pilot: str
    role: str
    note: str
    state: str
    made_by: str
    made_by_name: str
    made: datetime
    expires: datetime
    last_day: date | None
    person: Verified | None


def invitation_views(
    session: Session,
    found: Sequence[Invitation],
    *,
    portraits: Portraits,
    offices: Offices,
    now: datetime | None = None,
) -> list[InvitationView]:
    """Invitations, in their order."""
    known = people.by_names(session, {name for one in found for name in (one.made_by, one.accepted_by) if name})
    views = []
    for one in found:
        state = one.state(now)
        if state in ("open", "waiting") and not invitations.still_stands(session, one, offices, now):
            state = "void"
        who = known.get(one.accepted_by or "")
        verified = None
        if who is not None:
            face = person_view(portraits.of(who))
            verified = Verified(**dict(face), issuer=who.issuer, first_seen=who.first_seen, guest=is_guest(who))
        views.append(
            InvitationView(
                id=one.id,
                pilot=one.pilot,
                role=one.role,
                note=one.note,
                state=state,
                made_by=one.made_by,
                made_by_name=known[one.made_by].display_name,
                made=one.made,
                expires=one.expires,
                last_day=lifecycle.last_day(one.member_until) if one.member_until else None,
                person=verified,
            )
        )
    return views
