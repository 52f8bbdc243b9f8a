"""The page behind a share link: one document, rendered, for whoever is signed in and has the link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.errors import Conflict, NotFound
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.people.tries import Tries
from kontor.pilots.documents import files, share_requests, shares
from kontor.pilots.documents.shares import Shared
from kontor.web.files import look_at, notebook_of, picture_of, root_of
from kontor.web.pages import page
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)
_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@router.get("/shared/{token}")
def look(request: Request, session: InSession, visitor: FromVisitor, token: str) -> Response:
    """The document in a page of ours; each time is counted."""
    return _shared_page(request, session, visitor, token)


@router.get("/shared/{token}/document")
def document(request: Request, session: InSession, visitor: FromVisitor, token: str) -> Response:
    """The notebook or picture itself, for that page."""
    with _door(request, visitor):
        shared = shares.find(session, token, visitor.name)
    opened = files.open_file(root_of(request, shared.pilot.slug), shared.share.path)
    if opened.entry.kind == "picture":
        answer = picture_of(opened)
    else:
        with opened:
            answer = notebook_of(request, opened, visitor)
    shares.count(session, shared.share, visitor.name, again=False)
    return answer


@router.post("/shared/{token}/ask")
def ask(request: Request, session: InSession, visitor: FromVisitor, token: str) -> Response:
    """Ask to join with the role of the link; a lead says yes or no."""
    with _door(request, visitor):
        shared = shares.find(session, token, visitor.name)
    try:
        share_requests.ask(session, shared, visitor.name)
    except Conflict as error:
        return _shared_page(request, session, visitor, token, problem=error)
    return RedirectResponse(f"{request.app.state.site.service_prefix}shared/{token}", 303)


def _shared_page(
    request: Request, session: Session, visitor: Visitor, token: str, *, problem: Conflict | None = None
) -> Response:
    with _door(request, visitor):
        shared = shares.find(session, token, visitor.name)
    maker = people.get(session, shared.share.made_by)
    with _there(shared), files.open_file(root_of(request, shared.pilot.slug), shared.share.path) as opened:
        seen = look_at(request, opened, visitor)  # first: who counts keeps others from writing, and this can take long
        if request.method == "GET":
            shares.count(session, shared.share, visitor.name)
        answer = page(
            request,
            "shared.html",
            visitor=visitor,
            here="pilots",
            status=problem.status if problem else 200,
            share=shared.share,
            pilot=shared.pilot,
            place=shared.place,
            maker=request.app.state.portraits.of(maker) if maker else None,
            entry=opened.entry,
            look=seen,
            source=f"{request.app.state.site.service_prefix}shared/{token}",
            may_ask=share_requests.may_ask(session, shared, visitor.name),
            has_asked=shared.place is None and share_requests.has_asked(session, shared.share, visitor.name),
            inside=shared.pilot.class_ in files.STAYS_INSIDE,
            problem=problem,
        )
    answer.headers.update(_HEADERS)
    return answer


@contextmanager
def _there(shared: Shared) -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise NotFound(
            _("The document is not there any more: it was moved, renamed or deleted. Ask whoever gave you the link."),
            code="document_gone",
        ) from None


@contextmanager
def _door(request: Request, visitor: Visitor) -> Iterator[None]:
    """Counts who comes with links that are not good, and lets them wait after too many."""
    tries: Tries = request.app.state.shared_tries
    who = (visitor.name, request.client.host if request.client else None)
    tries.check(*who, _(shares.NOT_GOOD))
    try:
        yield
    except NotFound:
        tries.failed(*who)
        raise
