"""Pages on which pilots are proposed, changed and decided on."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.pilots import helix
from kontor.pilots.life import proposals, revisions
from kontor.pilots.life.api import house_of
from kontor.pilots.life.draft import Draft, WrongDraft, hints_for, mistakes_in
from kontor.pilots.life.proposals import House
from kontor.pilots.lifecycle import day_of
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.pilots.store import Pilot
from kontor.web.pages import page
from kontor.web.pilot_frame import standing_of
from kontor.web.proposal_form import Typed, changes
from kontor.web.proposal_page import form_page
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)


@router.get("/pilots/new")
def new(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    house = house_of(request)
    _may_propose(session, visitor, house)
    today = day_of(this_moment())
    usual = Draft("", "", "", today, None, credits=house.settings.budget.per_pilot, partners=_own(session, visitor))
    return form_page(request, session, visitor, Typed.of(usual, house.settings.budget))


@router.post("/pilots/new")
async def send(request: Request, visitor: FromVisitor) -> Response:
    """Look at a proposal once more (`do` is `check`), get more rows (`rows`), or send it (`send`)."""
    form = await request.form()
    return await run_in_threadpool(_sent, request, visitor, form)


@router.get("/pilots/{slug}/edit")
def edit(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    place, allowed = _may_edit(request, session, visitor, slug)
    draft = revisions.draft_of(session, place.pilot)
    typed = Typed.of(draft, request.app.state.site.settings.budget, version=place.pilot.version)
    return form_page(request, session, visitor, typed, place=place, allowed=allowed)


@router.post("/pilots/{slug}/edit")
async def change(request: Request, visitor: FromVisitor, slug: str) -> Response:
    form = await request.form()
    return await run_in_threadpool(_changed, request, visitor, slug, form)


@dataclass(frozen=True)
class Waiting:
    """A proposal in the queue of the offices."""

    pilot: Pilot
    proposer: str
    days: int
    mix: helix.Mix
    hints: list[str]


@router.get("/proposals")
def queue(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    """Proposals that wait; for offices."""
    house = house_of(request)
    if house.offices.of(visitor.name) is None:
        raise NotAllowed(_("Proposals are decided by stewards and operators."), code="no_office")
    return page(request, "proposals.html", visitor=visitor, here="pilots", waiting=_queue(session, house))


def _queue(session: Session, house: House) -> list[Waiting]:
    moment, found = this_moment(), proposals.waiting(session)
    known = people.by_names(session, {one.proposed_by for one, _since in found if one.proposed_by})
    items = []
    for one, since in found:
        draft = revisions.draft_of(session, one)
        who = known.get(one.proposed_by or "")
        items.append(
            Waiting(
                one,
                who.display_name if who else _("somebody"),
                (moment - since).days,
                helix.mix(draft.organisations, house.partners),
                hints_for(draft, partners=house.partners),
            )
        )
    return items


def _sent(request: Request, visitor: Visitor, form: FormData) -> Response:
    typed, house = Typed.sent(form), house_of(request)
    today = day_of(this_moment())
    draft = typed.draft(house.settings.budget, today=today)
    with request.app.state.sessions() as session:
        _may_propose(session, visitor, house)
        if typed.get("do") == "rows":
            typed.mistakes.clear()
            typed.add_rows()
            return form_page(request, session, visitor, typed)
        typed.note(mistakes_in(draft, partners=house.partners, settings=house.settings, today=today))
        if not typed.get("slug") and not typed.mistakes:
            typed.text["slug"] = proposals.free_slug(session, draft.title)
        if typed.mistakes or typed.get("do") != "send":
            return form_page(request, session, visitor, typed, checked=None if typed.mistakes else draft)
    return _propose(request, visitor, typed, draft, house)


def _propose(request: Request, visitor: Visitor, typed: Typed, draft: Draft, house: House) -> Response:
    problem: KontorError
    try:
        with request.app.state.sessions() as session, session.begin():
            pilot = proposals.propose(session, draft, by=visitor.name, house=house)
            poke_when_kept(session, request.app.state.site, pilot.slug)
        return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{pilot.slug}?done=proposed", 303)
    except WrongDraft as error:
        typed.note(error.mistakes)
        problem = error
    except Conflict as error:
        if error.code == "slug_taken":
            typed.note({"slug": error.message})
        problem = error
    with request.app.state.sessions() as session:
        return form_page(request, session, visitor, typed, problem=problem)


def _changed(request: Request, visitor: Visitor, slug: str, form: FormData) -> Response:
    typed, house = Typed.sent(form), house_of(request)
    with request.app.state.sessions() as session:
        place, allowed = _may_edit(request, session, visitor, slug)
        before = revisions.draft_of(session, place.pilot)
    for name in {"title", "question", "starts", "ends", "hours", "class", "agreement", "agreement_ends"} - set(form):
        typed.text[name] = Typed.of(before, house.settings.budget).get(name)
    if typed.get("do") == "rows":
        typed.add_rows()
    draft = typed.draft(house.settings.budget, today=before.starts)
    problem: KontorError | None = None
    if not typed.mistakes and typed.get("do") != "rows":
        try:
            with request.app.state.sessions() as session, session.begin():
                revisions.held(session, slug)
                place, allowed = _may_edit(request, session, visitor, slug)
                wanted = changes(draft, before, allowed)
                version = int(typed.get("version")) if typed.get("version").isdecimal() else -1
                revisions.revise(session, slug, wanted, version=version, by=visitor.name, who=place.who, house=house)
                poke_when_kept(session, request.app.state.site, slug)
            return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}?done=changed", 303)
        except WrongDraft as error:
            typed.note(error.mistakes)
            problem = error
        except Conflict as error:
            problem = error
    with request.app.state.sessions() as session:
        place, allowed = _may_edit(request, session, visitor, slug)
        return form_page(request, session, visitor, typed, place=place, allowed=allowed, problem=problem)


def _may_propose(session: Session, visitor: Visitor, house: House) -> None:
    if not proposals.may_propose(session, visitor.name, house.offices):
        raise NotAllowed(
            _("Pilots are proposed by people of a partner or a pilot. Ask somebody there to propose it with you."),
            code="may_not_propose",
        )


def _may_edit(request: Request, session: Session, visitor: Visitor, slug: str) -> tuple[Standing, frozenset[str]]:
    place = standing_of(request, session, visitor, slug)
    allowed = revisions.open_fields(place.pilot.state, place.who)
    if not allowed:
        raise NotAllowed(
            _("Words and dates of a pilot are changed by its lead, a steward or operator, until it is archived."),
            code="may_not_change",
        )
    return place, allowed


def _own(session: Session, visitor: Visitor) -> tuple[str, ...]:
    who = people.get(session, visitor.name)
    return (who.partner,) if who and who.partner else ()
