"""Share links in pages: making one, who used it, taking it back; and the document behind one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor.errors import KontorError
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.pilots.documents import file_names, files, shares
from kontor.pilots.documents.files import STAYS_INSIDE
from kontor.pilots.documents.shares import LONGEST, LOOKING, SHORTEST, USUAL
from kontor.pilots.standing import Standing
from kontor.web.files import crumbs, place_of, root_of
from kontor.web.pilot_frame import pilot_page
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import N_, Spoken

router = APIRouter(include_in_schema=False)
PAGE = 50
SHARE_WORDS = Spoken(
    {
        "viewer": N_("People with the link look at this one document. They change nothing."),
        "reviewer": N_("People with the link look at this one document, to tell you what they think of it."),
        "runner": N_(
            "People with the link look at this document and can ask to join as runner. A lead says yes or no."
        ),
        "editor": N_(
            "People with the link look at this document and can ask to join as editor. A lead says yes or no."
        ),
    }
)
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@router.get("/pilots/{slug}/share")
def form(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    path: Annotated[str, Query(max_length=file_names.LONGEST_PATH)],
) -> Response:
    place = place_of(request, session, visitor, slug)
    return _form_page(request, visitor, place, {"path": path, "role": LOOKING[0], "days": str(USUAL), "note": ""})


@router.post("/pilots/{slug}/share")
def make(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    path: Annotated[str, Form()],
    role: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Make the link; the answer is the only page that ever shows it."""
    place = place_of(request, session, visitor, slug)
    typed = {"path": path, "role": role, "days": days, "note": note}
    number = int(days) if days.isdecimal() and len(days) < 5 else 0
    try:
        made, token = shares.make(
            session, place, visitor.name, root_of(request, slug), path, role, days=number, note=note
        )
    except KontorError as error:
        if error.code not in _FIELDS:
            raise
        return _form_page(request, visitor, place, typed, problem=error)
    link = f"{request.app.state.site.service_public_url}shared/{token}"
    return pilot_page(
        request,
        "share_made.html",
        visitor=visitor,
        place=place,
        tab="files",
        share=made,
        link=link,
        crumbs=crumbs(path),
        words=SHARE_WORDS,
        inside=place.pilot.class_ in STAYS_INSIDE,
    )


@router.get("/pilots/{slug}/shares")
def of_pilot(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The links with who used them: one's own; leads see everybody's."""
    return _list_page(request, session, visitor, place_of(request, session, visitor, slug), page)


@router.post("/pilots/{slug}/shares/{id}/revoke")
def revoke(request: Request, session: InSession, visitor: FromVisitor, slug: str, id: Id) -> Response:
    place = place_of(request, session, visitor, slug)
    shares.revoke(session, place, visitor.name, id)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}/shares#share-{id}", 303)


_FIELDS = {"bad_days": "days", "unknown_role": "role", "role_too_high": "role", "bad_note": "note"}


def _form_page(
    request: Request, visitor: Visitor, place: Standing, typed: dict[str, str], *, problem: KontorError | None = None
) -> Response:
    """The form, with what was typed and what was wrong with it; raises NotFound if there is no such file."""
    with files.open_file(root_of(request, place.pilot.slug), typed["path"]) as opened:
        entry = opened.entry
    return pilot_page(
        request,
        "share_new.html",
        visitor=visitor,
        place=place,
        tab="files",
        status=problem.status if problem else 200,
        entry=entry,
        crumbs=crumbs(entry.path),
        typed=typed,
        wrong={name: problem.message if problem and _FIELDS[problem.code] == name else "" for name in typed},
        roles=shares.roles_to_share(place),
        words=SHARE_WORDS,
        shortest=SHORTEST,
        longest=LONGEST,
        inside=place.pilot.class_ in STAYS_INSIDE,
    )


def _list_page(request: Request, session: Session, visitor: Visitor, place: Standing, number: int) -> Response:
    whose = shares.whose(place, visitor.name)
    found, total = shares.of_pilot(session, place.pilot.slug, made_by=whose, offset=(number - 1) * PAGE, limit=PAGE)
    uses = shares.uses_of(session, [one.id for one in found])
    known = people.by_names(session, shares.people_in(found, uses))
    return pilot_page(
        request,
        "shares.html",
        visitor=visitor,
        place=place,
        tab="files",
        shares=found,
        uses=uses,
        called={name: one.display_name for name, one in known.items()},
        everybody=whose is None,
        number=number,
        pages=-(-total // PAGE),
    )
