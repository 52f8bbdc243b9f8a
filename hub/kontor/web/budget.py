"""The page Budget of a pilot: what is used and left, by whom, how long it lasts; and what leads and offices decide."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people.requests import InSession
from kontor.pilots.budget import decisions, sentences, view
from kontor.pilots.budget.decisions import REASON_MOST, WrongDecision
from kontor.pilots.budget.prices import Prices
from kontor.pilots.consortium_report import safe
from kontor.pilots.lifecycle import day_of
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.web.burndown import Burndown, burndown
from kontor.web.pages import page
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)

CSV_COLUMNS = ("day_utc", "kind", "account", "name", "core_hours", "memory_gb_hours", "storage_gb_days", "credits")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
Typed = Annotated[str, Form(max_length=5000)]


@router.get("/pilots/{slug}/budget")
def budget(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """Members and offices."""
    place = standing_of(request, session, visitor, slug)
    settings = request.app.state.site.settings
    prices = sentences.price_list(Prices.of(settings.budget), settings.clusters)
    return pilot_page(
        request,
        "budget.html",
        visitor=visitor,
        place=place,
        tab="budget",
        prices=prices,
        **_now(request, session, place),
    )


@router.get("/fragments/pilots/{slug}/budget")
def budget_now(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """The moving part of that page."""
    place = standing_of(request, session, visitor, slug)
    return page(request, "fragments/budget.html", visitor=visitor, slug=slug, **_now(request, session, place))


@router.get("/pilots/{slug}/budget/usage.csv")
def usage(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """Who used what, by day and kind; for leads and stewards of the pilot, and the offices."""
    place = standing_of(request, session, visitor, slug)
    if not decisions.sees_people(place):
        raise NotAllowed(_("Who used what is for the leads and stewards of the pilot."), code="may_not_see_people")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for one in view.lines(session, place):
        figures = (one.core_hours, one.memory_gb_hours, one.storage_gb_days, one.credits)
        names = (one.day, one.kind, one.person or "", one.name or "")
        writer.writerow([*(safe(str(name)) for name in names), *(f"{figure:.6f}" for figure in figures)])
    headers = {"Content-Disposition": f'attachment; filename="{slug}-usage.csv"', "Cache-Control": "no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/pilots/{slug}/budget/grace")
def ask_for_time(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """Leads and offices: confirm that the grace is to be extended."""
    place = standing_of(request, session, visitor, slug)
    _must_be(decisions.may_extend(place), _("Only a lead of the pilot extends the grace of its budget."))
    hours = str(request.app.state.site.settings.budget.grace_hours)
    return _grace_page(request, session, visitor, place, hours=hours, reason="")


@router.post("/pilots/{slug}/budget/grace")
def extend(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, hours: Typed = "", reason: Typed = ""
) -> Response:
    """Extend it; what is refused comes back as it was typed."""
    place, rules = standing_of(request, session, visitor, slug), request.app.state.site.settings.budget
    try:
        wanted = int(hours) if re.fullmatch(r"[0-9]{1,4}", hours.strip()) else 0
        decisions.extend_grace(session, place, wanted, reason, by=visitor.name, settings=rules, now=this_moment())
    except (WrongDecision, Conflict) as error:
        return _grace_page(request, session, visitor, place, hours=hours, reason=reason, problem=error)
    return _done(request, session, slug)


@router.get("/pilots/{slug}/budget/credits")
def ask_for_credits(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """Offices: set what the pilot has."""
    place = standing_of(request, session, visitor, slug)
    _must_be(decisions.may_set(place), _("Stewards and operators set the budget of a pilot. Ask one of them."))
    return _credits_page(
        request, session, visitor, place, credits=f"{place.pilot.credits:.6f}".rstrip("0").rstrip("."), reason=""
    )


@router.post("/pilots/{slug}/budget/credits")
def set_credits(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    credits: Typed = "",
    reason: Typed = "",
    version: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Set it; what is refused comes back as it was typed, beside what is there now."""
    place, rules = standing_of(request, session, visitor, slug), request.app.state.site.settings.budget
    try:
        wanted = _credits(credits)
        decisions.set_credits(
            session, place, wanted, reason, version=version, by=visitor.name, settings=rules, now=this_moment()
        )
    except (WrongDecision, Conflict) as error:
        session.expire_all()
        place = standing_of(request, session, visitor, slug)
        return _credits_page(request, session, visitor, place, credits=credits, reason=reason, problem=error)
    return _done(request, session, slug)


def _credits(text: str) -> float:
    """A number as it was typed; NaN, which is refused, if it is none."""
    return float(text.strip()) if _NUMBER.fullmatch(text.strip()) else float("nan")


def _now(request: Request, session: Session, place: Standing) -> dict[str, Any]:
    """What the moving part shows."""
    settings, moment = request.app.state.site.settings.budget, this_moment()
    found = view.budget_view(session, place, settings, now=moment)
    days, speed = view.pace(session, place, now=moment)
    return {
        "budget": found,
        "warn_percent": settings.warn_percent,
        "stage": sentences.STAGES[found.stage],
        "kinds": sentences.KINDS,
        "forecast": sentences.forecast(speed, place.pilot.ends, found.left),
        "even_left": speed.even_left,
        "picture": _picture(place, days, found.credits, found.per_day, moment),
    }


def _picture(place: Standing, days: dict[Any, float], credits: float, per_day: float, moment: datetime) -> Burndown:
    pilot = place.pilot
    return burndown(days, credits, per_day, starts=pilot.starts, ends=pilot.ends, today=day_of(moment))


def _grace_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    place: Standing,
    *,
    problem: KontorError | None = None,
    **typed: str,
) -> Response:
    settings = request.app.state.site.settings.budget
    return _form(
        request,
        "budget_grace.html",
        visitor,
        place,
        problem,
        typed,
        budget=view.budget_view(session, place, settings, now=this_moment()),
        most_hours=settings.grace_hours,
    )


def _credits_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    place: Standing,
    *,
    problem: KontorError | None = None,
    **typed: str,
) -> Response:
    settings = request.app.state.site.settings.budget
    found = view.budget_view(session, place, settings, now=this_moment())
    return _form(request, "budget_credits.html", visitor, place, problem, typed, budget=found)


def _form(
    request: Request,
    template: str,
    visitor: Visitor,
    place: Standing,
    problem: KontorError | None,
    typed: dict[str, str],
    **values: Any,
) -> Response:
    """A page with a form, filled in as it was sent, with what was wrong beside the field."""
    field = problem.field if isinstance(problem, WrongDecision) else ""
    return pilot_page(
        request,
        template,
        visitor=visitor,
        place=place,
        tab="budget",
        status=problem.status if problem else 200,
        typed=typed,
        wrong={field: problem.message} if problem and field else {},
        problem=None if field else problem,
        longest=REASON_MOST,
        **values,
    )


def _must_be(allowed: bool, sentence: str) -> None:
    if not allowed:
        raise NotAllowed(sentence, code="may_not")


def _done(request: Request, session: Session, slug: str) -> Response:
    site = request.app.state.site
    poke_when_kept(session, site)
    return RedirectResponse(f"{site.service_prefix}pilots/{slug}/budget", 303)
