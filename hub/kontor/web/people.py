"""The people of a pilot: who belongs to it, and the forms with which leads change that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor import roles
from kontor.audit import trail
from kontor.errors import KontorError, NotFound
from kontor.people.requests import InSession
from kontor.pilots import members
from kontor.pilots.members import Member
from kontor.pilots.membership import governing, invitations
from kontor.pilots.membership.governing import KEEP, ChangedMeanwhile, Governor
from kontor.pilots.membership.invitation_view import invitation_views
from kontor.pilots.membership.member_view import MemberView, member_views
from kontor.pilots.membership.rules import ends_work, not_the_lead, roles_to_give
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.role_words import ROLE_WORDS
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)

Account = Annotated[str, Path(pattern=r"^u[a-z2-7]{24}$")]
Version = Annotated[int, Form(ge=1, le=2**31 - 1)]
Typed = Annotated[str, Form(max_length=400)]

FIELDS: Final = {
    "bad_dates": "until",
    "guest_needs_end": "until",
    "unknown_role": "role",
    "role_too_high": "role",
    "guest_role": "role",
    "not_yourself": "role",
    "steward_by_office": "role",
    "last_lead": "role",
}
"""Which field of a member's form a refusal is about."""
TOLD_WHERE_ASKED: Final = frozenset({"changed_meanwhile", "last_lead", "guest_role", "steward_by_office"})
"""Refusals that the page that asked tells."""


@dataclass(frozen=True)
class Refused:
    """A form that was refused: what was typed, and the message beside the field that it is about."""

    person: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    status: int = 200


NOTHING_REFUSED: Final = Refused()


@router.get("/pilots/{slug}/people")
def people_of(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    changed: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return people_page(request, session, visitor, slug, changed=changed)


@router.post("/pilots/{slug}/people/{person}")
def change(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    person: Account,
    version: Version,
    role: Typed,
    until: Typed = "",
    dated: Typed = "",
    sure: Typed = "",
) -> Response:
    """Change a role and, if the form had a date (`dated`), the last day; an empty one means no end."""
    by = Governor.of(request.app.state, visitor.name)
    typed = {"role": role, "until": until, "dated": dated, "version": str(version)}
    there = members.get(session, slug, person)
    if there is not None and there.version == version and not sure:
        place = standing_of(request, session, visitor, slug)
        if kind := _to_ask(place, there, role, oneself=person == visitor.name):
            return _ask(request, session, visitor, slug, person, kind, typed=typed)
    try:
        wanted = day_typed(until) if dated else KEEP
        governing.change(session, by, slug, person, version=version, role=role, until=wanted)
    except ChangedMeanwhile:
        return _ask(request, session, visitor, slug, person, "conflict", typed=typed, status=409)
    except KontorError as error:
        if error.code not in FIELDS:
            raise
        refused = Refused(person, typed, {FIELDS[error.code]: error.message}, error.status)
        return people_page(request, session, visitor, slug, refused=refused)
    poke_when_kept(session, request.app.state.site, slug)
    return _back(request, slug, f"?changed={person}#{person}")


@router.get("/pilots/{slug}/people/{person}/remove")
def ask_remove(request: Request, session: InSession, visitor: FromVisitor, slug: str, person: Account) -> Response:
    kind = "leave" if person == visitor.name else "remove"
    return _ask(request, session, visitor, slug, person, kind)


@router.post("/pilots/{slug}/people/{person}/remove")
def remove(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, person: Account, version: Version
) -> Response:
    """End a membership; one's own is left."""
    kind = "leave" if person == visitor.name else "remove"
    try:
        governing.remove(session, Governor.of(request.app.state, visitor.name), slug, person, version=version)
    except KontorError as error:
        if error.code not in TOLD_WHERE_ASKED:
            raise
        return _ask(request, session, visitor, slug, person, kind, problem=error)
    poke_when_kept(session, request.app.state.site, slug)
    if kind == "leave":
        return RedirectResponse(request.app.state.site.service_prefix, 303)
    return _back(request, slug)


@router.get("/pilots/{slug}/people/{person}/lead")
def ask_hand_over(request: Request, session: InSession, visitor: FromVisitor, slug: str, person: Account) -> Response:
    return _ask(request, session, visitor, slug, person, "hand_over")


@router.post("/pilots/{slug}/people/{person}/lead")
def hand_over(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, person: Account, version: Version
) -> Response:
    """Make a member lead in one's own place."""
    by = Governor.of(request.app.state, visitor.name)
    try:
        governing.hand_over(session, by, slug, person, version=version)
    except KontorError as error:
        if error.code not in TOLD_WHERE_ASKED:
            raise
        return _ask(request, session, visitor, slug, person, "hand_over", problem=error)
    poke_when_kept(session, request.app.state.site, slug)
    return _back(request, slug)


def people_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    slug: str,
    *,
    changed: str = "",
    refused: Refused = NOTHING_REFUSED,
    problem: str = "",
) -> Response:
    """The tab of the people.

    Parameters
    ----------
    changed : str
        Account name of whose role the visitor has just changed; they are offered to take it back.
    refused : Refused
        A member's form that comes back filled in.
    problem : str
        A sentence about something else that could not be done.
    """
    place = standing_of(request, session, visitor, slug)
    state = request.app.state
    found = _views(request, session, slug)
    manages = may_change(place)
    asked = invitations.of_pilot(session, slug) if roles.can(place.role, "manage") or place.office else []
    return pilot_page(
        request,
        "members.html",
        visitor=visitor,
        place=place,
        tab="people",
        status=refused.status,
        people=found,
        manages=manages,
        leaves=place.role is not None and place.mode != "record",
        hands_over=manages and place.role == "lead",
        roles=roles_to_give(place),
        role_words=ROLE_WORDS,
        invitations=invitation_views(session, asked, portraits=state.portraits, offices=state.offices),
        undo=_undo(session, slug, visitor, found, changed) if manages else None,
        refused=refused,
        problem=problem,
        guest_days=state.site.settings.pilots.guest_days,
    )


def may_change(place: Standing) -> bool:
    """Whether the holder of `place` may change who belongs to the pilot now."""
    return (roles.can(place.role, "manage") or place.office is not None) and place.mode != "record"


def day_typed(text: str) -> date | None:
    """The day of a date field; None if it is empty.

    Raises
    ------
    KontorError
        If it is none (`bad_dates`).
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise KontorError(_("Write the day as year-month-day, for example 2027-03-31."), code="bad_dates") from None


def _to_ask(place: Standing, there: Member, role: str, *, oneself: bool) -> str:
    """What has to be asked before a member gets this role, as a kind of `_ask`; empty if nothing."""
    if role not in roles.ROLES or role == there.role:
        return ""
    if oneself and there.role == "lead":
        return "step_down"
    return "less" if ends_work(place, there.role, role) else ""


@dataclass(frozen=True)
class Undo:
    """A change of role that can be taken back."""

    member: MemberView
    before: str


def _undo(session: Session, slug: str, visitor: Visitor, found: list[MemberView], changed: str) -> Undo | None:
    """What the visitor changed last about somebody, as the log has it; an address alone can offer nothing."""
    member = next((one for one in found if one.name == changed), None)
    if member is None or member.name == visitor.name:
        return None
    for entry in trail.latest(session, [slug], actions={"role_changed"}, count=20):
        if entry.person == changed:
            fits = entry.actor == visitor.name and entry.details.get("role") == member.role
            return Undo(member, str(entry.details["before"])) if fits and "before" in entry.details else None
    return None


def _ask(
    request: Request,
    session: Session,
    visitor: Visitor,
    slug: str,
    person: str,
    kind: str,
    *,
    typed: dict[str, str] | None = None,
    problem: KontorError | None = None,
    status: int = 200,
) -> Response:
    """The page that asks before something is done that others feel: `kind` says what."""
    place = standing_of(request, session, visitor, slug)
    member = next((one for one in _views(request, session, slug) if one.name == person), None)
    if member is None:
        raise NotFound(_("This person is not a member of the pilot any more."), code="not_a_member")
    if person != visitor.name or kind == "hand_over":
        governing.must_manage(session, Governor.of(request.app.state, visitor.name), slug)
    if kind == "hand_over" and place.role != "lead":
        raise not_the_lead()
    values: dict[str, Any] = {"kind": kind, "member": member, "typed": typed or {}, "role_words": ROLE_WORDS}
    values["ends_work"] = ends_work(place, member.role, typed["role"]) if typed else False
    return pilot_page(
        request,
        "member_change.html",
        visitor=visitor,
        place=place,
        tab="people",
        status=problem.status if problem else status,
        problem=problem.message if problem else "",
        **values,
    )


def _views(request: Request, session: Session, slug: str) -> list[MemberView]:
    state = request.app.state
    found = members.of(session, slug)
    return member_views(session, found, portraits=state.portraits, here=state.presence.here(slug))


def _back(request: Request, slug: str, rest: str = "") -> Response:
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}/people{rest}", 303)
