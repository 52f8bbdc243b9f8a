"""Pages on which a pilot takes a step in its life: what follows from it, the reason, the date, and then it is done."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.database import now as this_moment
from kontor.errors import KontorError, NotFound
from kontor.people.requests import InSession
from kontor.pilots import lifecycle, store
from kontor.pilots.life import deciding, steps
from kontor.pilots.life.api import house_of
from kontor.pilots.life.plan import plan_of, proposed_on
from kontor.pilots.life.revisions import held
from kontor.pilots.life.steps import ASKED_FIRST, NEED_REASON, Asked
from kontor.pilots.lifecycle import day_of
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.pilots.store import Pilot
from kontor.quantities import day
from kontor.settings import PilotSettings
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.signin import FromVisitor, Visitor
from kontor.web.timeline import timeline
from kontor.words import _

router = APIRouter(include_in_schema=False)


@router.get("/pilots/{slug}/steps/{step}")
def ask(request: Request, session: InSession, visitor: FromVisitor, slug: str, step: str) -> Response:
    """The page of a step, for those who may take it; a decision is taken on the overview, which shows more."""
    place = standing_of(request, session, visitor, slug)
    _known(step)
    lifecycle.step(place.pilot.state, step, place.who)
    if step not in deciding.steps_open(place, visitor.name):
        raise deciding.own_pilot()
    if step in deciding.DECISIONS:
        return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}#decision", 303)
    return _asked(request, session, visitor, place, Asked(step, place.pilot.version, ends=place.pilot.ends))


@router.get("/pilots/{slug}/steps")
def steps_address(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """Where a refused step leaves the browser; loading it again leads to the pilot."""
    standing_of(request, session, visitor, slug)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}", 303)


@router.post("/pilots/{slug}/steps")
def take(
    request: Request,
    visitor: FromVisitor,
    slug: str,
    step: Annotated[str, Form()],
    version: Annotated[int, Form(ge=0, le=2**31 - 1)],
    reason: Annotated[str, Form()] = "",
    ends: Annotated[str, Form()] = "",
    confirmed: Annotated[str, Form()] = "",
) -> Response:
    """Take a step, or show its page again with what stands in the way."""
    _known(step)
    state = request.app.state
    problem: KontorError | None = None
    asked = Asked(step, version, reason, _day(ends))
    if step not in ASKED_FIRST or confirmed == "yes":
        try:
            if ends.strip() and asked.ends is None:
                raise steps.WrongStep(
                    "ends", _("Write the day as year-month-day, such as 2027-05-31."), code="bad_dates"
                )
            with state.sessions() as session, session.begin():
                was = store.pilot_of(held(session, slug)).ends
                place, rules = standing_of(request, session, visitor, slug), state.site.settings.pilots
                steps.take(session, slug, asked, by=visitor.name, who=place.who, rules=rules)
                poke_when_kept(session, state.site, slug)
            return _done(request, slug, step, was)
        except KontorError as error:
            if error.status in (403, 404):
                raise
            problem = error
    with state.sessions() as session:
        place = standing_of(request, session, visitor, slug)
        return _asked(request, session, visitor, place, asked, problem=problem)


def undo_of(done: str, place: Standing, was: date | None, person: str) -> str | None:
    """The step that takes back what was just done, if this person may take it."""
    for (_origin, name), found in lifecycle.STEPS.items():
        if name == done and found.to == place.pilot.state:
            undo = "extend" if done == "extend" and was is not None else found.undo
            if undo in deciding.steps_open(place, person):
                return undo
    return None


def told_of(done: str) -> str | None:
    """What a page says after something was done; None for what is not known."""
    sentences = {
        "proposed": _("The proposal is sent. A steward or operator answers; until then you can still change it."),
        "changed": _("The changes are kept."),
        "approve": _(
            "Approved. The pilot opens on its first day, but not within 15 minutes, so that this can be undone."
        ),
        "decline": _("Declined. The people of the pilot can read why, change it and propose it again."),
        "withdraw": _("Withdrawn. It can be changed and proposed again at any time."),
        "propose": _("Proposed again."),
        "start": _("The pilot is open."),
        "take-back": _("The approval is taken back; the pilot is a proposal again."),
        "extend": _("The last day is moved."),
        "close": _("The pilot is closing. Files can be read and taken along."),
        "reopen": _("The pilot is open again."),
        "archive": _("The pilot is archived."),
        "restore": _("The pilot is back in closing."),
        "deletion": _("The files will be deleted within a minute."),
    }
    return sentences.get(done)


def _known(step: str) -> None:
    if step not in {name for _state, name in lifecycle.STEPS}:
        raise NotFound(_("There is no such step in the life of a pilot."), code="no_such_step")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _done(request: Request, slug: str, step: str, was: date | None) -> Response:
    told = {"done": step, **({"was": was.isoformat()} if step == "extend" and was else {})}
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}?{urlencode(told)}", 303)


def _asked(
    request: Request,
    session: Session,
    visitor: Visitor,
    place: Standing,
    asked: Asked,
    *,
    problem: KontorError | None = None,
) -> Response:
    pilot, rules = place.pilot, house_of(request).settings.pilots
    today = day_of(this_moment())
    found = lifecycle.STEPS.get((pilot.state, asked.step))
    if found is None and problem is None:
        lifecycle.step(pilot.state, asked.step, place.who)
    stale = problem is not None and problem.code in ("changed_meanwhile", "wrong_state")
    plan = plan_of(pilot, rules, today=today, proposed=proposed_on(session, pilot.slug))
    over = pilot.ends is not None and pilot.ends < today
    return pilot_page(
        request,
        "confirm_step.html",
        visitor=visitor,
        place=place,
        tab="overview",
        status=problem.status if problem else 200,
        step=asked.step,
        found=found,
        asked=asked,
        problem=problem,
        wrong_field=problem.field if isinstance(problem, steps.WrongStep) else None,
        stale=stale,
        consequences=consequences(asked.step, pilot, rules, today),
        needs_reason=asked.step in NEED_REASON,
        needs_end=asked.step == "extend" or (asked.step == "reopen" and over),
        danger=asked.step in ("close", "archive", "withdraw", "decline"),
        timeline=timeline(plan, today=today),
    )


def consequences(step: str, pilot: Pilot, rules: PilotSettings, today: date) -> list[str]:
    """What follows from a step, with dates, in sentences."""
    if step == "close":
        archived = today.toordinal() + rules.closing_days
        return [
            _("From now on nothing runs: the workspace and all clusters are ended, and nobody can change files."),
            _("Files and data can be read, and leads can take them along, until {day}.").format(
                day=day(date.fromordinal(archived))
            ),
            _("Then the pilot is archived; its files are deleted on {day}.").format(
                day=day(date.fromordinal(archived + rules.keep_days))
            ),
        ]
    if step == "archive":
        deleted = date.fromordinal(today.toordinal() + rules.keep_days)
        return [
            _("From now on nobody can read the files and data; what the pilot was stays as a record."),
            _("Files and data are deleted on {day}. Until then a steward can bring the pilot back.").format(
                day=day(deleted)
            ),
        ]
    if step == "withdraw":
        return [_("Nobody decides on it any more. Its words stay, and you can propose it again at any time.")]
    if step == "start":
        return [
            _("The workspace opens at once for everybody in the pilot. This cannot be taken back; it can be closed.")
        ]
    if step == "approve":
        return [
            _("The pilot opens on {first} and ends on {last}.").format(
                first=day(max(pilot.starts, today)), last=day(pilot.ends) if pilot.ends else _("no day yet")
            )
        ]
    return []
