"""Routes about the life of pilots: propose, change, take a step, the plan of one, and the proposals that wait."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from kontor.database import now
from kontor.errors import NotAllowed
from kontor.names import SLUG_MAX, SLUG_MIN
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.pilots import helix, lifecycle, members, standing, store
from kontor.pilots.life import deciding, plan, proposals, revisions, steps, typed
from kontor.pilots.life.draft import MOST_CREDITS, MOST_OTHERS, MOST_PEOPLE, Draft, hints_for
from kontor.pilots.life.proposals import House
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.pilots.store import TakesPart

router = APIRouter(tags=["life of pilots"])

Class = Literal["open", "standard", "sensitive", "clinical"]
Sector = Literal["academia", "hospital", "company", "infrastructure", "region", "cluster"]
Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=SLUG_MIN, max_length=SLUG_MAX)]
_Line = Annotated[str, Field(max_length=200)]
_Text = Annotated[str, Field(max_length=4000)]
_Credits = Annotated[float, Field(gt=0, le=MOST_CREDITS, allow_inf_nan=False)]
_Version = Annotated[int, Field(ge=0, le=2**31 - 1, description="The version that was read; 409 if it is old.")]
_STEP_NAMES = tuple(dict.fromkeys(name for _state, name in lifecycle.STEPS))


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class OtherOrganisation(_Closed):
    """An organisation that is no partner of the consortium, such as a company."""

    name: Annotated[str, Field(max_length=120)]
    sector: Sector
    country: Annotated[str, Field(min_length=2, max_length=2, description="ISO 3166 code, such as DK.")]


class InProposal(_Closed):
    """A person who is in the pilot from the first day."""

    person: Annotated[str, Field(max_length=64, description="Account name.")]
    role: Annotated[str, Field(max_length=12)]


class _Words(_Closed):
    title: _Line
    question: _Text
    class_: Annotated[Class, Field(alias="class")]
    partners: Annotated[list[_Line], Field(max_length=100, description="Slugs of partners.")] = []
    others: Annotated[list[OtherOrganisation], Field(max_length=MOST_OTHERS)] = []
    facility: _Line = ""
    technique: _Line = ""
    data_wanted: _Text = ""
    agreement: Annotated[_Line, Field(description="Reference of the agreement or ethics approval.")] = ""
    agreement_ends: date | None = None
    starts: date
    ends: date


class ProposalBody(_Words):
    """What a pilot is to be. Without a slug one is made of the title; without credits it gets the usual budget."""

    slug: Annotated[str, Field(max_length=SLUG_MAX)] = ""
    people: Annotated[list[InProposal], Field(max_length=MOST_PEOPLE)] = []
    credits: _Credits | None = None


class RevisionBody(_Closed):
    """What is to change; what is left out stays."""

    version: _Version
    title: _Line | None = None
    question: _Text | None = None
    class_: Annotated[Class | None, Field(alias="class")] = None
    partners: Annotated[list[_Line] | None, Field(max_length=100)] = None
    others: Annotated[list[OtherOrganisation] | None, Field(max_length=MOST_OTHERS)] = None
    facility: _Line | None = None
    technique: _Line | None = None
    data_wanted: _Text | None = None
    agreement: _Line | None = None
    agreement_ends: date | None = None
    starts: date | None = None
    ends: date | None = None
    credits: _Credits | None = None


class StepBody(_Closed):
    """A step in the life of a pilot."""

    step: Annotated[str, Field(max_length=20, description=f"One of: {', '.join(_STEP_NAMES)}.")]
    version: _Version
    reason: Annotated[str, Field(max_length=steps.REASON_MOST)] = ""
    ends: date | None = None


class MilestoneView(BaseModel):
    """A day in the life of a pilot."""

    kind: str
    day: date | None
    reached: bool


class PilotFacts(BaseModel):
    """A pilot with its dates; `version` is what a change has to name, `steps` what the caller may do next."""

    slug: str
    title: str
    question: str
    class_: str = Field(alias="class")
    state: str
    mode: str
    version: int
    partners: list[str]
    others: list[OtherOrganisation]
    facility: str | None
    technique: str | None
    data_wanted: str
    agreement: str | None
    agreement_ends: date | None
    agreement_days: int | None
    credits: float
    proposed_by: str | None
    reason: str | None
    missing: list[str]
    hints: list[str]
    steps: list[str]
    milestones: list[MilestoneView]


@router.post("/pilots", status_code=201, summary="Propose a pilot", responses=refusals(409))
def propose(request: Request, session: InSession, caller: FromManager, body: ProposalBody) -> PilotFacts:
    """People with a partner, a pilot or an office. Who proposes is the lead; a steward or operator decides."""
    house = house_of(request)
    credits = house.settings.budget.per_pilot if body.credits is None else body.credits
    draft = Draft(**{**_words(body), "credits": credits, "slug": body.slug, "people": _people(body.people)})
    pilot = proposals.propose(session, draft, by=caller.name, house=house)
    place = standing.of_person(session, caller.name, pilot.slug, offices=house.offices)
    return _facts(request, session, place, caller.name)


@router.patch("/pilots/{slug}", summary="Change words and dates of a pilot", responses=refusals(404, 409))
def revise(request: Request, session: InSession, caller: FromManager, slug: Slug, body: RevisionBody) -> PilotFacts:
    """Leads and offices; title, question, class and agreement of an approved pilot are for offices only."""
    house = house_of(request)
    revisions.held(session, slug)
    place = standing.of_person(session, caller.name, slug, offices=house.offices)
    given = _words(body, only=body.model_fields_set - {"version"})
    revisions.revise(session, slug, given, version=body.version, by=caller.name, who=place.who, house=house)
    poke_when_kept(session, request.app.state.site, slug)
    return _facts(request, session, standing.of_person(session, caller.name, slug, offices=house.offices), caller.name)


@router.post("/pilots/{slug}/steps", summary="Take a step in the life of a pilot", responses=refusals(404, 409))
def take_step(request: Request, session: InSession, caller: FromManager, slug: Slug, body: StepBody) -> PilotFacts:
    """Leads and offices, as the table of steps says; most steps need a reason."""
    house = house_of(request)
    revisions.held(session, slug)
    place = standing.of_person(session, caller.name, slug, offices=house.offices)
    asked = steps.Asked(body.step, body.version, body.reason, body.ends)
    steps.take(session, slug, asked, by=caller.name, who=place.who, rules=house.settings.pilots)
    poke_when_kept(session, request.app.state.site, slug)
    return _facts(request, session, standing.of_person(session, caller.name, slug, offices=house.offices), caller.name)


@router.get("/pilots/{slug}/plan", summary="A pilot's dates, version and next steps", responses=refusals(404))
def plan_of_pilot(request: Request, session: InSession, caller: FromCaller, slug: Slug) -> PilotFacts:
    place = standing.of_caller(session, caller, slug, offices=request.app.state.offices)
    return _facts(request, session, place, caller.name)


@router.get("/proposals", summary="Proposals that wait for an answer", responses=refusals())
def waiting(request: Request, session: InSession, caller: FromCaller, paging: FromPaging) -> Page[PilotFacts]:
    """Stewards and operators; the oldest first."""
    house = house_of(request)
    office = house.offices.of(caller.name) if caller.kind == "person" else None
    if office is None:
        raise NotAllowed("Proposals are decided by stewards and operators.", code="no_office")
    found = proposals.waiting(session)
    part = [one for one, _since in paging.part(found)]
    roles = members.of_many(session, [one.slug for one in part])
    places = [Standing(one, roles[one.slug].get(caller.name), office, one.mode()) for one in part]
    items = [_facts(request, session, one, caller.name) for one in places]
    return Page(items=items, total=len(found), offset=paging.offset, limit=paging.limit)


def house_of(request: Request) -> House:
    """What the rules need of the installation."""
    state = request.app.state
    return House(state.site.settings, state.partners, state.offices)


def _words(body: BaseModel, only: set[str] | None = None) -> dict[str, Any]:
    """The fields of a body as those of a Draft; `null` empties a field."""
    names = (only if only is not None else set(_Words.model_fields)) & set(Draft.__dataclass_fields__)
    given: dict[str, Any] = {name: getattr(body, name) for name in names}
    for name in ("title", "question", "facility", "technique", "data_wanted", "agreement"):
        if name in given:
            given[name] = typed.lines(given[name] or "")
    if "partners" in given:
        given["partners"] = tuple(sorted(set(given["partners"] or ())))
    if "others" in given:
        given["others"] = tuple(_other(one) for one in given["others"] or ())
    return {name: value for name, value in given.items() if value is not None or name == "agreement_ends"}


def _other(one: OtherOrganisation) -> TakesPart:
    return TakesPart("", one.name.strip(), one.sector, one.country)


def _people(people: list[InProposal]) -> tuple[tuple[str, str], ...]:
    return tuple((one.person, one.role) for one in people)


def _facts(request: Request, session: Session, place: Standing, reader: str) -> PilotFacts:
    house, pilot = house_of(request), place.pilot
    today = lifecycle.day_of(now())
    draft = revisions.draft_of(session, pilot)
    dates = plan.plan_of(pilot, house.settings.pilots, today=today, proposed=plan.proposed_on(session, pilot.slug))
    return PilotFacts.model_validate(
        {
            **{name: getattr(pilot, name) for name in PilotFacts.model_fields if name in store.Pilot.__annotations__},
            "class": pilot.class_,
            "mode": place.mode,
            "partners": list(draft.partners),
            "others": [{"name": one.name, "sector": one.sector, "country": one.country} for one in draft.others],
            "agreement_days": dates.agreement_days,
            "missing": list(helix.mix(draft.organisations, house.partners).missing),
            "hints": hints_for(draft, partners=house.partners),
            "steps": list(deciding.steps_open(place, reader)),
            "milestones": [vars(one) for one in dates.milestones],
        }
    )
