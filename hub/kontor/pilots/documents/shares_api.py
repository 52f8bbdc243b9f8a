"""Routes about share links: `/api/pilots/{slug}/shares`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.errors import NotAllowed
from kontor.people import store as people
from kontor.people.callers import Caller
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.pilots import standing
from kontor.pilots.documents import shares
from kontor.pilots.documents.file_names import LONGEST_PATH
from kontor.pilots.documents.shares import LONGEST, LONGEST_NOTE, SHORTEST, USUAL, Share, Use
from kontor.pilots.membership.members_api import Slug
from kontor.pilots.standing import Standing
from kontor.words import _

router = APIRouter(tags=["shares"])
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


class NewShare(BaseModel):
    """A link to make."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(min_length=1, max_length=LONGEST_PATH, description="The document.")]
    role: Annotated[str, Field(max_length=12, description="viewer, reviewer, runner or editor.")] = "viewer"
    days: Annotated[int, Field(ge=SHORTEST, le=LONGEST, description="How long the link is good.")] = USUAL
    note: Annotated[str, Field(max_length=LONGEST_NOTE, description="For whom it is.")] = ""


class UseView(BaseModel):
    """Who opened the document."""

    name: str
    display_name: str
    first: datetime
    last: datetime
    times: int


class ShareView(BaseModel):
    """A link; `state` is `open`, `expired` or `revoked`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    pilot: str
    path: str
    role: str
    note: str
    state: str
    made_by: str
    made_by_name: str
    made: datetime
    expires: datetime
    revoked: datetime | None
    uses: list[UseView]


class Made(BaseModel):
    """A new link with its token; it is shown this once."""

    share: ShareView
    token: str
    link: str


@router.get("/pilots/{slug}/shares", summary="Share links of a pilot", responses=refusals(404))
def of_pilot(session: InSession, caller: FromCaller, paging: FromPaging, slug: Slug) -> Page[ShareView]:
    """The newest first, with who used them: one's own; leads see everybody's."""
    place = _place(session, caller, slug)
    found, total = shares.of_pilot(
        session, slug, made_by=shares.whose(place, caller.name), offset=paging.offset, limit=paging.limit
    )
    return Page(items=_views(session, found), total=total, offset=paging.offset, limit=paging.limit)


@router.post("/pilots/{slug}/shares", status_code=201, summary="Make a share link", responses=refusals(400, 404))
def make(request: Request, session: InSession, caller: FromManager, slug: Slug, wanted: NewShare) -> Made:
    """Members may, for files that they can read and roles within their own; runner and editor are for leads."""
    place = _place(session, caller, slug)
    root = request.app.state.site.pilot_folders / slug
    made, token = shares.make(
        session, place, caller.name, root, wanted.path, wanted.role, days=wanted.days, note=wanted.note
    )
    link = f"{request.app.state.site.service_public_url}shared/{token}"
    return Made(share=_views(session, [made])[0], token=token, link=link)


@router.delete("/pilots/{slug}/shares/{id}", status_code=204, summary="Take a share link back", responses=refusals(404))
def revoke(session: InSession, caller: FromManager, slug: Slug, id: Id) -> None:
    """Who made it may, and leads; it stops at once."""
    shares.revoke(session, _place(session, caller, slug), caller.name, id)


def _place(session: Session, caller: Caller, slug: str) -> Standing:
    """A person's standing in a pilot whose files they may read."""
    if caller.kind != "person":
        raise NotAllowed(_("Only people share documents."), code="wrong_caller")
    return standing.working(standing.of_person(session, caller.name, slug))


def _views(session: Session, found: Sequence[Share]) -> list[ShareView]:
    uses = shares.uses_of(session, [one.id for one in found])
    known = people.by_names(session, shares.people_in(found, uses))
    called = {name: one.display_name for name, one in known.items()}
    return [
        ShareView(
            **vars(one),
            state=one.state(),
            made_by_name=called.get(one.made_by, ""),
            uses=[_use_view(use, called) for use in uses[one.id]],
        )
        for one in found
    ]


def _use_view(use: Use, called: dict[str, str]) -> UseView:
    name = called.get(use.person, "")
    return UseView(name=use.person, display_name=name, first=use.first, last=use.last, times=use.times)
