"""Routes about invitations: `/api/pilots/{slug}/invitations` for leads, `/api/invitations/accept` for those invited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.errors import NotFound
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.people.tries import Tries
from kontor.pilots.membership import door as invitation_door
from kontor.pilots.membership import governing, invitations
from kontor.pilots.membership.governing import Governor
from kontor.pilots.membership.invitation_view import InvitationView, invitation_views
from kontor.pilots.membership.invitations import Invitation
from kontor.pilots.membership.member_view import MemberView, member_views
from kontor.pilots.membership.members_api import LastDay, Role, Slug, only_people
from kontor.pilots.poking import poke_when_kept
from kontor.words import _

router = APIRouter(tags=["invitations"])
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


class NewInvitation(BaseModel):
    """An invitation to make. The person invited does not see the note."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    note: Annotated[str, Field(min_length=1, max_length=invitations.LONGEST_NOTE, description="For whom it is.")]
    until: LastDay = None


class Made(BaseModel):
    """A new invitation with its token and link; they are shown this once."""

    invitation: InvitationView
    token: str
    link: str


class Token(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=200)]


class Asked(BaseModel):
    """What was asked for by accepting; somebody in the pilot says yes or no."""

    pilot: str
    role: str
    state: str


@router.get("/pilots/{slug}/invitations", summary="Invitations to a pilot", responses=refusals(404, 409))
def of_pilot(
    request: Request, session: InSession, caller: FromCaller, paging: FromPaging, slug: Slug
) -> Page[InvitationView]:
    """The newest first. Leads, stewards and operators may."""
    only_people(caller)
    governing.must_manage(session, Governor.of(request.app.state, caller.name), slug)
    found = invitations.of_pilot(session, slug)
    return Page(
        items=_views(request, session, paging.part(found)), total=len(found), offset=paging.offset, limit=paging.limit
    )


@router.post(
    "/pilots/{slug}/invitations", status_code=201, summary="Make an invitation", responses=refusals(400, 404, 409)
)
def make(request: Request, session: InSession, caller: FromManager, slug: Slug, wanted: NewInvitation) -> Made:
    """Leads, stewards and operators may. The link is for one person and good for some days."""
    by = Governor.of(request.app.state, caller.name)
    made, token = invitations.make(session, by, slug, wanted.role, wanted.note, until=wanted.until)
    link = f"{request.app.state.site.service_public_url}join/{token}"
    return Made(invitation=_views(request, session, [made])[0], token=token, link=link)


@router.delete(
    "/pilots/{slug}/invitations/{id}", status_code=204, summary="Take an invitation back", responses=refusals(404, 409)
)
def revoke(request: Request, session: InSession, caller: FromManager, slug: Slug, id: Id) -> None:
    """Leads, stewards and operators may, while nobody has used it."""
    invitations.revoke(session, Governor.of(request.app.state, caller.name), slug, id)


@router.post(
    "/pilots/{slug}/invitations/{id}/confirm", summary="Say yes to who accepted", responses=refusals(400, 404, 409)
)
def confirm(request: Request, session: InSession, caller: FromManager, slug: Slug, id: Id) -> MemberView:
    """Leads, stewards and operators may. The person is a member from now on."""
    state = request.app.state
    member = invitations.confirm(session, Governor.of(state, caller.name), slug, id)
    poke_when_kept(session, state.site, slug)
    return member_views(session, [member], portraits=state.portraits, here=state.presence.here(slug))[0]


@router.post("/pilots/{slug}/invitations/{id}/refuse", summary="Say no to who accepted", responses=refusals(404, 409))
def refuse(request: Request, session: InSession, caller: FromManager, slug: Slug, id: Id) -> InvitationView:
    """Leads, stewards and operators may."""
    found = invitations.refuse(session, Governor.of(request.app.state, caller.name), slug, id)
    return _views(request, session, [found])[0]


@router.post("/invitations/accept", summary="Ask to join with a token", responses=refusals(400, 404, 409, 429))
def accept(request: Request, session: InSession, caller: FromManager, given: Token) -> Asked:
    """Everybody may. A token that is not good is refused in the same words, whatever is wrong with it."""
    tries: Tries = request.app.state.tries
    address = request.client.host if request.client else None
    tries.check(caller.name, address, _(invitation_door.NOT_GOOD))
    try:
        found = invitation_door.accept(session, Governor.of(request.app.state, caller.name), given.token)
    except NotFound:
        tries.failed(caller.name, address)
        raise
    return Asked(pilot=found.pilot, role=found.role, state=found.state())


def _views(request: Request, session: Session, found: Sequence[Invitation]) -> list[InvitationView]:
    state = request.app.state
    return invitation_views(session, found, portraits=state.portraits, offices=state.offices)
