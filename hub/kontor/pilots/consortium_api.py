"""The route about the consortium: `/api/consortium/pilots`, for people of partners, of pilots, and offices."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from kontor.errors import NotAllowed
from kontor.people import store as people
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, InSession
from kontor.pilots import consortium
from kontor.pilots.consortium import Filters
from kontor.pilots.snapshot import Consortium, Entry
from kontor.words import _

router = APIRouter(tags=["consortium"])
Country = Literal["", "SE", "DK", "DE", "NO", "other"]
Sector = Literal["", "academia", "hospital", "company", "infrastructure", "region", "cluster"]
State = Literal["", "approved", "active", "closing", "archived"]
Sort = Literal["title", "starts", "ends", "people"]
Short = Annotated[str, Query(max_length=100)]


class TakingPart(BaseModel):
    """An organisation in a pilot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    name: str
    sector: str | None
    country: str | None


class ConsortiumPilot(BaseModel):
    """A pilot as the consortium sees it: no people, only how many there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    title: str
    question: str
    state: str
    class_: str = Field(alias="class")
    technique: str | None
    facility: str | None
    starts: date
    ends: date | None
    organisations: list[TakingPart]
    missing_sectors: list[str]
    cross_border: bool
    people: int


def _filters(
    country: Annotated[Country, Query(description="Of an organisation that takes part.")] = "",
    sector: Annotated[
        Sector, Query(description="Of an organisation that takes part; with `country`, of the same.")
    ] = "",
    partner: Annotated[Short, Query(description="Slug of an organisation that takes part.")] = "",
    facility: Short = "",
    technique: Short = "",
    state: State = "",
    text: Annotated[Short, Query(description="Words that all occur in the pilot's texts.")] = "",
) -> Filters:
    return Filters(country, sector, partner, facility, technique, state, text)


@router.get("/consortium/pilots", summary="All pilots of the consortium", responses=refusals())
def pilots(
    request: Request,
    session: InSession,
    caller: FromCaller,
    paging: FromPaging,
    filters: Annotated[Filters, Depends(_filters)],
    sort: Sort = "title",
) -> Page[ConsortiumPilot]:
    """People of a partner, members of a pilot and offices may; proposals are not listed."""
    if caller.kind != "person":
        raise NotAllowed(_("Only people see the list of pilots."), code="wrong_caller")
    state = request.app.state
    person = people.get(session, caller.name)
    home = state.portraits.of(person).partner if person else None
    consortium.must_see(session, caller.name, partner=home, offices=state.offices)
    kept: Consortium = state.consortium
    found = consortium.arranged(filters.keep(kept.now(session).listed), sort)
    return Page(
        items=[_shown(one) for one in paging.part(found)], total=len(found), offset=paging.offset, limit=paging.limit
    )


def _shown(one: Entry) -> ConsortiumPilot:
    pilot = one.pilot
    return ConsortiumPilot.model_validate(
        {
            "slug": pilot.slug,
            "title": pilot.title,
            "question": pilot.question,
            "state": pilot.state,
            "class": pilot.class_,
            "technique": pilot.technique,
            "facility": pilot.facility,
            "starts": pilot.starts,
            "ends": pilot.ends,
            "organisations": [TakingPart(**vars(each)) for each in one.mix.organisations],
            "missing_sectors": list(one.mix.missing),
            "cross_border": one.mix.crosses_borders,
            "people": one.people,
        }
    )
