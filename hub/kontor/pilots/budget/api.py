"""Routes about budgets: `/api/pilots/{slug}/budget`, `/api/pilots/{slug}/budget/grace`, `/api/pilots/{slug}/usage`.

Members and offices read; a workspace and a cluster read that of their pilot. Leads extend the grace, offices set the
credits, with a token that may.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from kontor.database import now
from kontor.people.paging import FromPaging, Page
from kontor.people.refusals import refusals
from kontor.people.requests import FromCaller, FromManager, InSession
from kontor.pilots import standing
from kontor.pilots.budget import decisions, ledger, view
from kontor.pilots.budget.decisions import LEAST_CREDITS, MOST_CREDITS, REASON_MOST
from kontor.pilots.budget.view import BudgetView, UseView
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing

router = APIRouter(tags=["budget"])

Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=27)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_MOST, description="Kept in the log of the pilot.")]


class MoreTime(BaseModel):
    """How much longer a pilot whose budget is used up may compute, and why."""

    model_config = ConfigDict(extra="forbid")

    hours: Annotated[int, Field(strict=True, ge=1, le=720)]
    reason: Reason


class NewCredits(BaseModel):
    """What a pilot has for the whole of its life, and why; `version` is the one of the budget that you read."""

    model_config = ConfigDict(extra="forbid")

    credits: Annotated[float, Field(strict=True, ge=LEAST_CREDITS, le=MOST_CREDITS, allow_inf_nan=False)]
    reason: Reason
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.get("/pilots/{slug}/budget", summary="The budget of a pilot", responses=refusals(404))
def budget_of(request: Request, session: InSession, caller: FromCaller, slug: Slug) -> BudgetView:
    """Members of the pilot, stewards and operators may; who used what is for leads, stewards and operators."""
    state = request.app.state
    place = standing.of_caller(session, caller, slug, offices=state.offices)
    return view.budget_view(session, place, state.site.settings.budget, now=now())


@router.get("/pilots/{slug}/usage", summary="What a pilot used", responses=refusals(404))
def usage_of(request: Request, session: InSession, caller: FromCaller, paging: FromPaging, slug: Slug) -> Page[UseView]:
    """By day (UTC) and kind, newest first; for leads, stewards and operators also by person."""
    place = standing.of_caller(session, caller, slug, offices=request.app.state.offices)
    found = view.lines(session, place, offset=paging.offset, limit=paging.limit)
    total = ledger.count_lines(session, slug, people=decisions.sees_people(place))
    return Page(items=found, total=total, offset=paging.offset, limit=paging.limit)


@router.post("/pilots/{slug}/budget/grace", summary="Extend the grace, once", responses=refusals(404, 409))
def extend(request: Request, session: InSession, caller: FromManager, slug: Slug, wanted: MoreTime) -> BudgetView:
    """Leads, stewards and operators may, once, while a used-up budget is in its grace or has just been stopped."""
    state = request.app.state
    place, rules, moment = _place(request, session, caller.name, slug), state.site.settings.budget, now()
    decisions.extend_grace(session, place, wanted.hours, wanted.reason, by=caller.name, settings=rules, now=moment)
    return _changed(request, session, caller.name, slug)


@router.put("/pilots/{slug}/budget", summary="Set the credits of a pilot", responses=refusals(404, 409))
def set_credits(
    request: Request, session: InSession, caller: FromManager, slug: Slug, wanted: NewCredits
) -> BudgetView:
    """Stewards and operators may; 409 `changed_meanwhile` if somebody was faster."""
    rules = request.app.state.site.settings.budget
    decisions.set_credits(
        session,
        _place(request, session, caller.name, slug),
        wanted.credits,
        wanted.reason,
        version=wanted.version,
        by=caller.name,
        settings=rules,
        now=now(),
    )
    return _changed(request, session, caller.name, slug)


def _place(request: Request, session: InSession, person: str, slug: str) -> Standing:
    return standing.of_person(session, person, slug, offices=request.app.state.offices)


def _changed(request: Request, session: InSession, person: str, slug: str) -> BudgetView:
    """The budget after a change; access follows as soon as the change is kept."""
    site = request.app.state.site
    poke_when_kept(session, site)
    return view.budget_view(session, _place(request, session, person, slug), site.settings.budget, now=now())
