"""Adding members: find people one works with and tick them, or paste their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.errors import KontorError
from kontor.people.requests import InSession
from kontor.pilots import members
from kontor.pilots.membership import governing, people_search
from kontor.pilots.membership.governing import Governor
from kontor.pilots.membership.member_view import PersonView, person_view
from kontor.pilots.membership.roll import MOST_AT_ONCE, accounts_in
from kontor.pilots.membership.rules import roles_to_give
from kontor.pilots.poking import poke_when_kept
from kontor.web.pages import page
from kontor.web.people import Typed, day_typed
from kontor.web.pilot_frame import pilot_page
from kontor.web.role_words import ROLE_WORDS
from kontor.web.signin import FromVisitor, Visitor

router = APIRouter(include_in_schema=False)

FIELDS: Final = {
    "bad_dates": "until",
    "guest_needs_end": "until",
    "unknown_role": "role",
    "role_too_high": "role",
    "guest_role": "role",
    "not_yourself": "people",
    "nobody_named": "people",
    "too_many": "people",
    "no_such_person": "people",
    "already_member": "people",
    "no_guests": "people",
}
USUAL: Final = "editor"
Searched = Annotated[str, Query(max_length=people_search.LONGEST)]
SearchTyped = Annotated[str, Form(max_length=people_search.LONGEST)]
Pasted = Annotated[str, Form()]
Picked = Annotated[list[str] | None, Form(max_length=MOST_AT_ONCE)]


@dataclass(frozen=True)
class AddForm:
    """What was typed into the form."""

    q: str = ""
    picked: list[str] = field(default_factory=list)
    people: str = ""
    role: str = USUAL
    until: str = ""


@router.get("/pilots/{slug}/people/add")
def add_page(request: Request, session: InSession, visitor: FromVisitor, slug: str, q: Searched = "") -> Response:
    return _page(request, session, visitor, slug, AddForm(q))


@router.post("/pilots/{slug}/people/find")
def find(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    q: SearchTyped = "",
    picked: Picked = None,
    people: Pasted = "",
    role: Typed = USUAL,
    until: Typed = "",
) -> Response:
    """The form again with the people found; all that was typed stays."""
    return _page(request, session, visitor, slug, AddForm(q, picked or [], people, role, until))


@router.post("/pilots/{slug}/people")
def add(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    q: SearchTyped = "",
    picked: Picked = None,
    people: Pasted = "",
    role: Typed = USUAL,
    until: Typed = "",
) -> Response:
    """Add everybody who was ticked or pasted, or nobody; a refused form comes back filled in."""
    by = Governor.of(request.app.state, visitor.name)
    form = AddForm(q, picked or [], people, role, until)
    try:
        wanted = [*form.picked, *accounts_in(session, visitor.name, people)]
        governing.add(session, by, slug, wanted, role, until=day_typed(until))
    except KontorError as error:
        if error.code not in FIELDS:
            raise
        return _page(request, session, visitor, slug, form, {FIELDS[error.code]: error.message}, error.status)
    poke_when_kept(session, request.app.state.site, slug)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}/people", 303)


@router.get("/fragments/pilots/{slug}/people-found")
def found_now(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    q: Searched = "",
    picked: Annotated[list[str] | None, Query(max_length=MOST_AT_ONCE)] = None,
) -> Response:
    """The people found so far, while somebody types."""
    governing.must_manage(session, Governor.of(request.app.state, visitor.name), slug)
    results = _results(request, session, visitor, slug, AddForm(q, picked or []))
    return page(request, "fragments/people_found.html", visitor=visitor, results=results)


@dataclass(frozen=True)
class Results:
    """Who was ticked, who was found beside them (None: nobody was looked for), and why not if the search cannot be."""

    ticked: list[PersonView]
    found: list[PersonView] | None
    problem: str = ""


def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    slug: str,
    form: AddForm,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    place = governing.must_manage(session, Governor.of(request.app.state, visitor.name), slug)
    return pilot_page(
        request,
        "member_add.html",
        visitor=visitor,
        place=place,
        tab="people",
        status=status,
        form=form,
        results=_results(request, session, visitor, slug, form),
        problems=problems or {},
        roles=roles_to_give(place),
        role_words=ROLE_WORDS,
        most=MOST_AT_ONCE,
        guest_days=request.app.state.site.settings.pilots.guest_days,
    )


def _results(request: Request, session: Session, visitor: Visitor, slug: str, form: AddForm) -> Results:
    portraits = request.app.state.portraits
    left_out = {one.person for one in members.of(session, slug)} | set(form.picked)
    ticked = [person_view(portraits.of(one)) for one in people_search.among(session, visitor.name, form.picked)]
    if not form.q:
        return Results(ticked, None)
    try:
        found = people_search.find(session, visitor.name, form.q)
    except KontorError as error:
        return Results(ticked, None, error.message)
    return Results(ticked, [person_view(portraits.of(one)) for one in found if one.name not in left_out])
