"""Inviting people: making a link, which is shown once, and answering those who used one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.errors import KontorError
from kontor.people.requests import InSession
from kontor.pilots.membership import governing, invitations
from kontor.pilots.membership.governing import Governor
from kontor.pilots.membership.rules import roles_to_invite
from kontor.pilots.poking import poke_when_kept
from kontor.web.member_add import USUAL
from kontor.web.people import Refused, Typed, day_typed, people_page
from kontor.web.pilot_frame import pilot_page
from kontor.web.role_words import ROLE_WORDS
from kontor.web.signin import FromVisitor, Visitor

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
FIELDS: Final = {
    "bad_note": "note",
    "bad_dates": "until",
    "unknown_role": "role",
    "role_too_high": "role",
    "invitation_role": "role",
}
TOLD_ON_PAGE: Final = frozenset(
    {
        "changed_meanwhile",
        "not_waiting",
        "inviter_gone",
        "no_guests",
        "guest_role",
        "not_yourself",
        "already_member",
        "bad_dates",
    }
)
"""Refusals of an answer that the page of the people tells."""


@router.get("/pilots/{slug}/people/invite")
def invite_page(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    return _page(request, session, visitor, slug, {"role": USUAL, "note": "", "until": ""}, {}, 200)


@router.post("/pilots/{slug}/people/invite")
def invite(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    role: Typed,
    note: Typed = "",
    until: Typed = "",
) -> Response:
    """Make an invitation and show its link, this once."""
    by = Governor.of(request.app.state, visitor.name)
    try:
        made, token = invitations.make(session, by, slug, role, note, until=day_typed(until))
    except KontorError as error:
        if error.code not in FIELDS:
            raise
        typed = {"role": role, "note": note, "until": until}
        return _page(request, session, visitor, slug, typed, {FIELDS[error.code]: error.message}, error.status)
    return pilot_page(
        request,
        "invitation_made.html",
        visitor=visitor,
        place=governing.must_manage(session, by, slug),
        tab="people",
        invitation=made,
        link=f"{request.app.state.site.service_public_url}join/{token}",
        role_words=ROLE_WORDS,
    )


@router.post("/pilots/{slug}/people/invitations/{id}/confirm")
def confirm(request: Request, session: InSession, visitor: FromVisitor, slug: str, id: Id) -> Response:
    """Say yes to who accepted."""
    poke_when_kept(session, request.app.state.site, slug)
    return _settled(request, session, visitor, slug, id, invitations.confirm)


@router.post("/pilots/{slug}/people/invitations/{id}/refuse")
def refuse(request: Request, session: InSession, visitor: FromVisitor, slug: str, id: Id) -> Response:
    """Say no to who accepted."""
    return _settled(request, session, visitor, slug, id, invitations.refuse)


@router.post("/pilots/{slug}/people/invitations/{id}/revoke")
def revoke(request: Request, session: InSession, visitor: FromVisitor, slug: str, id: Id) -> Response:
    """Take back a link that nobody has used."""
    return _settled(request, session, visitor, slug, id, invitations.revoke)


def _settled(
    request: Request, session: Session, visitor: Visitor, slug: str, id: str, settle: Callable[..., object]
) -> Response:
    """Back to the people after an invitation was settled, or there with the sentence that says why it was not."""
    try:
        settle(session, Governor.of(request.app.state, visitor.name), slug, id)
    except KontorError as error:
        return _told(request, session, visitor, slug, error)
    return _back(request, slug)


def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    slug: str,
    typed: dict[str, str],
    problems: dict[str, str],
    status: int,
) -> Response:
    place = governing.must_manage(session, Governor.of(request.app.state, visitor.name), slug)
    rules = request.app.state.site.settings.pilots
    return pilot_page(
        request,
        "invitation_new.html",
        visitor=visitor,
        place=place,
        tab="people",
        status=status,
        typed=typed,
        problems=problems,
        roles=roles_to_invite(place),
        role_words=ROLE_WORDS,
        days=rules.invitation_days,
        guest_days=rules.guest_days,
        longest=invitations.LONGEST_NOTE,
    )


def _told(request: Request, session: Session, visitor: Visitor, slug: str, error: KontorError) -> Response:
    """The page of the people with the sentence that says why not, if it belongs there."""
    if error.code not in TOLD_ON_PAGE:
        raise error
    refused = Refused(status=error.status)
    return people_page(request, session, visitor, slug, refused=refused, problem=error.message)


def _back(request: Request, slug: str) -> Response:
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}/people#invitations", 303)
