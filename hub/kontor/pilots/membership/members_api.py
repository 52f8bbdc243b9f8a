"""Routes about people in pilots: `/api/pilots/{slug}/members`, `/api/pilots/{slug}/lead`, `/api/people`.

Members and offices read; leads and offices change, with a token that may. Workspaces and clusters do neither.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.errors import NotAllowed
from kontor.people.callers import Caller
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.pilots import members, standing
from kontor.pilots.members import Member
from kontor.pilots.membership import governing, people_search
from kontor.pilots.membership.governing import KEEP, Governor
from kontor.pilots.membership.member_view import MemberView, PersonView, member_views, person_view
from kontor.pilots.membership.roll import MOST_AT_ONCE
from kontor.pilots.poking import poke_when_kept
from kontor.words import _

router = APIRouter(tags=["people"])

Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=27)]
Account = Annotated[str, Path(pattern=r"^u[a-z2-7]{24}$")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="The version of the membership that you read.")]
Role = Annotated[str, Field(max_length=12, examples=["editor"])]
LastDay = Annotated[date | None, Field(description="The last day of the membership; guests need one.")]


class NewMembers(BaseModel):
    """People to add: all of them, or nobody if one cannot be."""

    model_config = ConfigDict(extra="forbid")

    people: Annotated[list[str], Field(min_length=1, max_length=20_000, description=f"At most {MOST_AT_ONCE}.")]
    role: Role
    until: LastDay = None


class Change(BaseModel):
    """What to change; what is left out stays. `until: null` takes the end away."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    role: Role | None = None
    until: LastDay = None


class HandOver(BaseModel):
    """Who becomes lead in the caller's place."""

    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(pattern=r"^u[a-z2-7]{24}$")]
    version: Version


class Found(BaseModel):
    """People found; there is no more of it."""

    items: list[PersonView]


@router.get("/pilots/{slug}/members", summary="Members of a pilot", responses=refusals(404))
def members_of(
    request: Request, session: InSession, caller: FromCaller, paging: FromPaging, slug: Slug
) -> Page[MemberView]:
    """Leads first. Members of the pilot, stewards and operators may."""
    only_people(caller)
    standing.of_person(session, caller.name, slug, offices=request.app.state.offices)
    found = members.of(session, slug)
    part = _views(request, session, slug, list(paging.part(found)))
    return Page(items=part, total=len(found), offset=paging.offset, limit=paging.limit)


@router.post("/pilots/{slug}/members", status_code=201, summary="Add members", responses=refusals(400, 404, 409))
def add(request: Request, session: InSession, caller: FromManager, slug: Slug, new: NewMembers) -> list[MemberView]:
    """Leads, stewards and operators may. Guests need a last day; whoever adds them answers for them."""
    by = Governor.of(request.app.state, caller.name)
    found = governing.add(session, by, slug, new.people, new.role, until=new.until)
    poke_when_kept(session, request.app.state.site, slug)
    return _views(request, session, slug, found)


@router.patch(
    "/pilots/{slug}/members/{person}",
    summary="Change a member's role or last day",
    responses=refusals(400, 404, 409),
)
def change(
    request: Request, session: InSession, caller: FromManager, slug: Slug, person: Account, wanted: Change
) -> MemberView:
    """Leads, stewards and operators may; 409 `changed_meanwhile` if somebody was faster."""
    by = Governor.of(request.app.state, caller.name)
    until = wanted.until if "until" in wanted.model_fields_set else KEEP
    found = governing.change(session, by, slug, person, version=wanted.version, role=wanted.role, until=until)
    poke_when_kept(session, request.app.state.site, slug)
    return _views(request, session, slug, [found])[0]


@router.delete(
    "/pilots/{slug}/members/{person}",
    status_code=204,
    summary="Remove a member, or leave",
    responses=refusals(404, 409),
)
def remove(
    request: Request,
    session: InSession,
    caller: FromManager,
    slug: Slug,
    person: Account,
    version: Annotated[int, Query(ge=1, le=2**31 - 1, description="The version of the membership that you read.")],
) -> None:
    """Leads, stewards and operators may; everybody may leave by themselves, except the last lead."""
    governing.remove(session, Governor.of(request.app.state, caller.name), slug, person, version=version)
    poke_when_kept(session, request.app.state.site, slug)


@router.post("/pilots/{slug}/lead", summary="Hand over the lead", responses=refusals(400, 404, 409))
def hand_over(request: Request, session: InSession, caller: FromManager, slug: Slug, wanted: HandOver) -> MemberView:
    """Leads may. The member becomes lead, the caller becomes editor."""
    by = Governor.of(request.app.state, caller.name)
    found = governing.hand_over(session, by, slug, wanted.person, version=wanted.version)
    poke_when_kept(session, request.app.state.site, slug)
    return _views(request, session, slug, [found])[0]


@router.get("/people", summary="Find people", responses=refusals(400))
def find(
    request: Request,
    session: InSession,
    caller: FromCaller,
    q: Annotated[str, Query(max_length=people_search.LONGEST, description="How a name begins: two letters or more.")],
) -> Found:
    """People who share a pilot with the caller or come from the same partner; 20 at most, and no way to list all."""
    only_people(caller)
    portraits = request.app.state.portraits
    return Found(items=[person_view(portraits.of(one)) for one in people_search.find(session, caller.name, q)])


def only_people(caller: Caller) -> None:
    """Raise NotAllowed (`wrong_caller`) for workspaces and clusters."""
    if caller.kind != "person":
        raise NotAllowed(_("Only people see who belongs to a pilot in this way."), code="wrong_caller")


def _views(request: Request, session: Session, slug: str, found: list[Member]) -> list[MemberView]:
    state = request.app.state
    return member_views(session, found, portraits=state.portraits, here=state.presence.here(slug))
