"""The tab Files of a pilot: what is in its folder, a look at each file, and taking one along."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kontor.audit import trail
from kontor.errors import KontorError
from kontor.people.requests import InSession
from kontor.pilots import standing
from kontor.pilots.documents import file_changes, file_names, files
from kontor.pilots.documents.files import FOLDER, INSIDE_WORDS, STAYS_INSIDE, Entry, OpenFile
from kontor.pilots.standing import Standing
from kontor.web.looks import LARGEST_PICTURE, picture_type, table_look, text_look
from kontor.web.opened import OpenedFile
from kontor.web.pilot_frame import pilot_page, standing_of
from kontor.web.rendering import CannotShow, Renderer, framed
from kontor.web.seal import Seal
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import N_, _

router = APIRouter(include_in_schema=False)
PAGE: Final = 200
ABOUT_FOLDERS: Final[dict[str, str]] = {
    "raw": N_(
        "Measured data that nobody changes. It is put here by the people who run the installation; "
        "data sets are listed on the overview."
    ),
    "results": N_("What the pilot wants to keep: pictures, tables, reports."),
    "scratch": N_("Work in progress. Large files between two steps belong here."),
    "outbox": N_("For what is to leave the pilot."),
}


@router.get("/pilots/{slug}/files")
@router.get("/pilots/{slug}/files/{path:path}")
def look(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    path: str = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    undo: str = "",
) -> Response:
    """A folder's list, or a look at a file."""
    place = place_of(request, session, visitor, slug)
    root = root_of(request, slug)
    if not path or files.look(root, path).kind == FOLDER:
        return folder_page(request, visitor, place, path, number=page, undo=undo)
    with files.open_file(root, path) as opened:
        return _file_page(request, visitor, place, opened)


@router.get("/pilots/{slug}/download/{path:path}")
def download(request: Request, session: InSession, visitor: FromVisitor, slug: str, path: str) -> Response:
    """Take a file along; each time is in the log."""
    place = place_of(request, session, visitor, slug)
    files.may_leave(place.pilot)
    opened = files.open_file(root_of(request, slug), path)
    trail.record(session, "file_downloaded", actor=visitor.name, pilot=slug, path=path, size=opened.stat.st_size)
    return OpenedFile(opened, media_type="application/octet-stream", attachment=True)


@router.get("/pilots/{slug}/picture/{path:path}")
def picture(request: Request, session: InSession, visitor: FromVisitor, slug: str, path: str) -> Response:
    place_of(request, session, visitor, slug)
    return picture_of(files.open_file(root_of(request, slug), path))


@router.get("/pilots/{slug}/rendered/{path:path}")
def rendered(request: Request, session: InSession, visitor: FromVisitor, slug: str, path: str) -> Response:
    """A notebook for the frame in its page."""
    place_of(request, session, visitor, slug)
    with files.open_file(root_of(request, slug), path) as opened:
        return notebook_of(request, opened, visitor)


def place_of(request: Request, session: Session, visitor: Visitor, slug: str) -> Standing:
    """The visitor's standing in a pilot whose files they may read; raises NotFound or NotAllowed."""
    return standing.working(standing_of(request, session, visitor, slug))


def root_of(request: Request, slug: str) -> Path:
    """A pilot's folder; the slug is one that was found."""
    root: Path = request.app.state.site.pilot_folders / slug
    return root


def picture_of(opened: OpenFile) -> Response:
    """A picture as the browser shows it; raises NotFound if it is none."""
    media_type = picture_type(opened.entry.name)
    if media_type is None or opened.stat.st_size > LARGEST_PICTURE:
        opened.close()
        raise file_names.no_such_file()
    return OpenedFile(opened, media_type=media_type, attachment=False)


def notebook_of(request: Request, opened: OpenFile, visitor: Visitor) -> Response:
    """A notebook for a frame; raises NotFound if it is none, CannotShow if it cannot be shown."""
    if opened.entry.kind != "notebook":
        raise file_names.no_such_file()
    renderer: Renderer = request.app.state.notebooks
    theme = request.cookies.get("kontor-theme")
    return framed(opened.entry.name, renderer.body(opened, visitor.name), theme)


def look_at(request: Request, opened: OpenFile, visitor: Visitor) -> dict[str, Any]:
    """What a page shows of a file: `how` it is shown, and what of it.

    A notebook is made here once, so that the page can say in words why there is none; the frame gets what is
    remembered.
    """
    kind = opened.entry.kind
    if kind == "notebook":
        try:
            request.app.state.notebooks.body(opened, visitor.name)
        except CannotShow as error:
            return {"how": "not", "why": error.message}
        return {"how": "notebook"}
    if kind == "picture" and opened.stat.st_size <= LARGEST_PICTURE:
        return {"how": "picture"}
    if kind == "table" and (table := table_look(opened)):
        return {"how": "table", "table": table}
    if kind in ("text", "table") and (text := text_look(opened)):
        return {"how": "text", "text": text}
    return {"how": "not", "why": _("Files of this kind cannot be shown in a page.")}


def undo_seal(request: Request) -> Seal:
    """Seals what was put aside, so that only who did it can bring it back."""
    return Seal(request.app.state.site.secret("session-secret"), "files")


def crumbs(path: str) -> list[tuple[str, str]]:
    """The folders above and the thing itself: (name, path)."""
    parts = path.split("/") if path else []
    return [(part, "/".join(parts[: at + 1])) for at, part in enumerate(parts)]


def folder_page(
    request: Request,
    visitor: Visitor,
    place: Standing,
    path: str,
    *,
    number: int = 1,
    undo: str = "",
    problem: KontorError | None = None,
) -> Response:
    """A folder's list with what may be done there."""
    root = root_of(request, place.pilot.slug)
    listed = files.names_in(root, path)
    taken_back = undo_seal(request).open(undo, seconds=12 * 3600) if undo else None
    asked = {"slug": place.pilot.slug, "person": visitor.name}
    ours = taken_back is not None and "aside" in taken_back and asked.items() <= taken_back.items()
    return pilot_page(
        request,
        "files.html",
        visitor=visitor,
        place=place,
        tab="files",
        status=problem.status if problem else 200,
        path=path,
        crumbs=crumbs(path),
        entries=files.entries(root, listed, start=(number - 1) * PAGE, count=PAGE),
        number=number,
        pages=-(-len(listed.names) // PAGE),
        left_out=listed.left_out,
        about=ABOUT_FOLDERS,
        may_put=place.can("edit") and file_changes.may_change(path) and root.exists(),
        stays_inside=_(INSIDE_WORDS) if place.pilot.class_ in STAYS_INSIDE else "",
        undo=undo if ours else "",
        deleted=taken_back["path"].rpartition("/")[2] if ours and taken_back else "",
        problem=problem,
        largest=file_changes.LARGEST,
    )


def _file_page(request: Request, visitor: Visitor, place: Standing, opened: OpenFile) -> Response:
    entry: Entry = opened.entry
    return pilot_page(
        request,
        "file.html",
        visitor=visitor,
        place=place,
        tab="files",
        entry=entry,
        crumbs=crumbs(entry.path),
        look=look_at(request, opened, visitor),
        source=f"{request.app.state.site.service_prefix}pilots/{place.pilot.slug}",
        may_delete=place.can("edit") and file_changes.may_change(entry.path, itself=True),
        stays_inside=_(INSIDE_WORDS) if place.pilot.class_ in STAYS_INSIDE else "",
    )
