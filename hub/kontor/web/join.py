"""Joining: the page behind an invitation's link, and the waiting room for who is in no pilot yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.audit import trail
from kontor.errors import NotFound
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.people.tries import Tries
from kontor.pilots import lifecycle, members, store
from kontor.pilots.life import proposals
from kontor.pilots.membership import door as invitation_door
from kontor.pilots.membership import invitations
from kontor.pilots.membership.governing import Governor
from kontor.pilots.model import STATES
from kontor.web.pages import page
from kontor.web.role_words import ROLE_WORDS
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)
_CODE = re.compile(r"[A-Za-z0-9_-]{20,100}")


@dataclass(frozen=True)
class Asked:
    """A pilot that somebody has asked to join; `inviter` says yes or no."""

    title: str
    role: str
    inviter: str


@dataclass(frozen=True)
class TurnedDown:
    """A pilot that somebody asked to join, and who said no."""

    title: str
    by: str


@router.get("/waiting")
def waiting(request: Request, session: InSession, visitor: FromVisitor) -> Response:
    """The waiting room; who is in a pilot sees it while they wait for an answer, or were told no."""
    told = asked_by(session, visitor.name) or turned_down(session, visitor.name)
    if _is_inside(request, session, visitor) and not told:
        return RedirectResponse(request.app.state.site.service_prefix, 303)
    return _waiting_page(request, session, visitor)


@router.post("/join")
def enter_code(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    code: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a link, or the code at its end, that somebody pasted."""
    text = code.strip()
    found = text.split("?")[0].split("#")[0].rstrip("/").rsplit("/", 1)[-1]
    if not _CODE.fullmatch(found):
        problem = _("Paste the whole link of your invitation, or the code at its end.")
        return _waiting_page(request, session, visitor, typed=code, problem=problem, status=400)
    return RedirectResponse(f"{request.app.state.site.service_prefix}join/{quote(found)}", 303)


@router.get("/join/{token}")
def look(request: Request, session: InSession, visitor: FromVisitor, token: str) -> Response:
    """Who invites to what; only a good token shows it."""
    with _Door(request, visitor):
        door = invitation_door.look(session, Governor.of(request.app.state, visitor.name), token)
    return _door_page(request, session, visitor, token, door)


@router.post("/join/{token}")
def accept(request: Request, session: InSession, visitor: FromVisitor, token: str) -> Response:
    """Use the invitation: ask to join."""
    guest = Governor.of(request.app.state, visitor.name)
    with _Door(request, visitor):
        door = invitation_door.look(session, guest, token)
        if door.closed is not None:
            return _door_page(request, session, visitor, token, door, status=409)
        invitation_door.accept(session, guest, token)
    return RedirectResponse(f"{request.app.state.site.service_prefix}waiting", 303)


def asked_by(session: Session, person: str) -> list[Asked]:
    """What somebody has asked for by accepting invitations, and nobody has answered yet."""
    found = invitations.of_person(session, person)
    known = people.by_names(session, {one.made_by for one in found})
    return [Asked(store.get_one(session, one.pilot).title, one.role, known[one.made_by].display_name) for one in found]


def turned_down(session: Session, person: str, *, now: datetime | None = None) -> list[TurnedDown]:
    """Who said no to somebody within the last fortnight, as the log has it; not for pilots that they are in now."""
    inside = {pilot.slug for pilot, _role in members.pilots_of(session, person, states=STATES, now=now)}
    found = [one for one in invitations.turned_down(session, person, now=now) if one.pilot not in inside]
    said = trail.latest(session, {one.pilot for one in found}, actions={"invitation_refused"}, count=500)
    actors = {entry.details.get("invitation"): entry.actor for entry in said if entry.person == person}
    known = people.by_names(session, actors.values())
    return [
        TurnedDown(store.get_one(session, one.pilot).title, known[actors[one.id]].display_name)
        for one in found
        if actors.get(one.id) in known
    ]


@dataclass(frozen=True)
class Waiting:
    """Somebody who has accepted an invitation to the pilot `slug` and waits for an answer."""

    name: str
    slug: str
    title: str


def people_waiting_for(session: Session, person: str) -> list[Waiting]:
    """Who waits for an answer that somebody may give, the longest first."""
    found = invitations.waiting_for(session, person)
    known = people.by_names(session, {one.accepted_by for one in found if one.accepted_by})
    return [
        Waiting(known[one.accepted_by or ""].display_name, one.pilot, store.get_one(session, one.pilot).title)
        for one in found
    ]


class _Door:
    """Counts who comes with tokens that are not good, and lets them wait after too many."""

    def __init__(self, request: Request, visitor: Visitor) -> None:
        self._tries: Tries = request.app.state.tries
        self._who = (visitor.name, request.client.host if request.client else None)

    def __enter__(self) -> None:
        self._tries.check(*self._who, _(invitation_door.NOT_GOOD))

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, NotFound):
            self._tries.failed(*self._who)


def _door_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    token: str,
    door: invitation_door.Door,
    status: int = 200,
) -> Response:
    inviter = people.get(session, door.invitation.made_by)
    assert inviter is not None, "who invites is known"
    until = door.invitation.member_until
    return page(
        request,
        "join.html",
        visitor=visitor,
        here="pilots",
        status=status,
        door=door,
        token=token,
        inviter=request.app.state.portraits.of(inviter),
        last_day=lifecycle.last_day(until) if until else None,
        guest_days=request.app.state.site.settings.pilots.guest_days,
        role_words=ROLE_WORDS,
    )


def _waiting_page(
    request: Request, session: Session, visitor: Visitor, *, typed: str = "", problem: str = "", status: int = 200
) -> Response:
    return page(
        request,
        "waiting.html",
        visitor=visitor,
        here="lobby",
        status=status,
        asked=asked_by(session, visitor.name),
        turned_down=turned_down(session, visitor.name),
        inside=_is_inside(request, session, visitor),
        may_propose=proposals.may_propose(session, visitor.name, request.app.state.offices),
        typed=typed,
        problem=problem,
    )


def _is_inside(request: Request, session: Session, visitor: Visitor) -> bool:
    """Whether somebody has a lobby: as a member of any pilot, or by an office."""
    held = request.app.state.offices.of(visitor.name)
    return held is not None or bool(members.pilots_of(session, visitor.name, states=STATES))
