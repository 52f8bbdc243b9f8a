"""The end of a pilot on pages: taking its files along, and deleting them before their day."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response, StreamingResponse

from kontor.audit import trail
from kontor.data import catalogue
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.pilots import members, store
from kontor.pilots.life import ending, export
from kontor.pilots.poking import poke_when_kept
from kontor.pilots.standing import Standing
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)


@router.post("/pilots/{slug}/export")
def take_along(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """All files of the pilot as one zip; for leads, of guarded pilots for nobody. It is written down who took them."""
    place = ending.export_allowed(standing_of(request, session, visitor, slug))
    folder = request.app.state.site.pilot_folders / place.pilot.slug
    facts = facts_of(session, place)
    count = export.count_files(folder)
    trail.record(session, "pilot_exported", actor=visitor.name, pilot=slug, files=count)
    return StreamingResponse(
        export.zipped(folder, facts, now=this_moment()),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{place.pilot.slug}.zip"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/pilots/{slug}/deletion")
def deletion(request: Request, session: InSession, visitor: FromVisitor, slug: str) -> Response:
    """The page that asks once more; for offices, once the pilot is archived."""
    return _page(request, visitor, _deletable(request, session, visitor, slug))


@router.post("/pilots/{slug}/deletion")
def delete(
    request: Request,
    visitor: FromVisitor,
    slug: str,
    version: Annotated[int, Form(ge=0, le=2**31 - 1)],
    typed: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    state = request.app.state
    try:
        with state.sessions() as session, session.begin():
            place = _deletable(request, session, visitor, slug)
            ending.ask_deletion(session, slug, by=visitor.name, version=version, confirmed=typed)
            poke_when_kept(session, state.site)
    except Conflict as problem:
        if problem.code == "wrong_state":
            raise
        with state.sessions() as session:
            place = standing_of(request, session, visitor, slug)
            return _page(request, visitor, place, typed=typed, problem=problem)
    return RedirectResponse(f"{state.site.service_prefix}pilots/{slug}?done=deletion", 303)


def facts_of(session: Session, place: Standing) -> export.Facts:
    """What the manifest of an export says."""
    pilot = place.pilot
    found = members.of(session, pilot.slug)
    known = people.by_names(session, [one.person for one in found])
    parts = store.partners_of(session, [pilot.slug]).get(pilot.slug, [])
    return export.Facts(
        pilot={
            **{name: _plain(value) for name, value in vars(pilot).items()},
            "organisations": [vars(p) for p in parts],
        },
        members=[{"account": one.person, "name": known[one.person].display_name, "role": one.role} for one in found],
        datasets=[one.model_dump(mode="json") for one in catalogue.datasets_of(session, pilot.slug)],
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _deletable(request: Request, session: Session, visitor: Visitor, slug: str) -> Standing:
    place = standing_of(request, session, visitor, slug)
    if place.office is None:
        raise NotAllowed(_("Files are deleted before their day by a steward or operator only."), code="no_office")
    if place.pilot.state != "archived" or place.pilot.data_deleted or place.pilot.deletion_asked:
        raise Conflict(_("Only files of an archived pilot are deleted, and only once."), code="wrong_state")
    return place


def _page(
    request: Request, visitor: Visitor, place: Standing, *, typed: str = "", problem: KontorError | None = None
) -> Response:
    return pilot_page(
        request,
        "delete_files.html",
        visitor=visitor,
        place=place,
        tab="overview",
        status=problem.status if problem else 200,
        typed=typed,
        problem=problem,
    )
