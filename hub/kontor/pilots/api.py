"""Routes about pilots: `/api/me`, `/api/pilots`, `/api/pilots/{slug}`, `/api/presence`.

A person sees their own pilots; a workspace and a cluster see the one that they belong to.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from kontor.errors import NotAllowed
from kontor.people import store as people
from kontor.people.callers import Caller
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, InSession
from kontor.pilots import granted, members, standing, store
from kontor.pilots.view import PilotView, pilot_view

router = APIRouter(tags=["pilots"])


class Me(BaseModel):
    """Who the token in the request belongs to."""

    kind: str
    name: str
    display_name: str
    pilots: list[str]


class Visit(BaseModel):
    """Somebody in a workspace, with the number of documents that they have open."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=64)]
    documents: Annotated[int, Field(ge=0, le=10_000)]


class Visits(BaseModel):
    """Everybody in a workspace now."""

    model_config = ConfigDict(extra="forbid")

    people: Annotated[list[Visit], Field(max_length=500)]


class MayBeHere(BaseModel):
    """The account names of those who may be in a workspace now."""

    may_be_here: list[str]


@router.get("/me", summary="Who am I?", responses=refusals())
def me(session: InSession, caller: FromCaller) -> Me:
    slugs = [one.pilot.slug for one in standing.all_of_caller(session, caller)]
    return Me(kind=caller.kind, name=caller.name, display_name=_called(session, caller), pilots=slugs)


@router.get("/pilots", summary="My pilots", responses=refusals())
def pilots(request: Request, session: InSession, caller: FromCaller, paging: FromPaging) -> Page[PilotView]:
    """The active pilots of the caller, by title."""
    found = standing.all_of_caller(session, caller)
    items = [_view(request, session, one) for one in paging.part(found)]
    return Page(items=items, total=len(found), offset=paging.offset, limit=paging.limit)


@router.get("/pilots/{slug}", summary="One pilot", responses=refusals(404))
def pilot(request: Request, session: InSession, caller: FromCaller, slug: str) -> PilotView:
    """In whatever state it is, for its members and for offices."""
    return _view(request, session, standing.of_caller(session, caller, slug, offices=request.app.state.offices))


@router.put("/presence", summary="Tell who is in my workspace", responses=refusals())
def tell_presence(request: Request, session: InSession, caller: FromCaller, visits: Visits) -> MayBeHere:
    """Workspaces only. Who is no member of the pilot is left out. The answer says who may be in the workspace now."""
    if caller.kind != "workspace" or caller.pilot is None:
        raise NotAllowed("Only a workspace tells who is in it.", code="wrong_caller")
    pilot, here = store.get(session, caller.pilot), members.of(session, caller.pilot)
    mode = pilot.mode() if pilot else "record"
    known = {member.person for member in here}
    told = {visit.name for visit in visits.people}
    request.app.state.presence.heard(caller.pilot, told & known)
    allowed = [one.person for one in here if granted.level_of(one.role, mode) == "edit"]
    return MayBeHere(may_be_here=sorted(allowed))


def _view(request: Request, session: InSession, one: standing.Standing) -> PilotView:
    state = request.app.state
    return pilot_view(
        session,
        one,
        portraits=state.portraits,
        here=state.presence.here(one.pilot.slug),
        service_url=state.site.service_public_url,
    )


def _called(session: InSession, caller: Caller) -> str:
    if caller.kind == "person":
        who = people.get(session, caller.name)
        return who.display_name if who else caller.name
    found = store.get(session, caller.pilot or "")
    return found.title if found else caller.name
