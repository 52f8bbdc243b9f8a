"""Putting a file into a pilot's folder, deleting one, and taking that back."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError, NotAllowed
from kontor.people.requests import InSession
from kontor.pilots.documents import file_changes, file_names, files
from kontor.pilots.documents.file_changes import LARGEST, Staged, TooLarge
from kontor.pilots.standing import Standing, not_active
from kontor.web.files import crumbs, folder_page, place_of, root_of, undo_seal
from kontor.web.pilot_frame import pilot_page
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)
_FORM_AROUND = 20_000
_HOURS = 12 * 3600


@router.post("/pilots/{slug}/upload")
async def upload(request: Request, visitor: FromVisitor, slug: str) -> Response:
    """Put a file into a folder. If its name is taken or cannot be used, a page asks for another one."""
    place = await run_in_threadpool(_editing_now, request, visitor, slug)
    _must_be_small(request)
    async with request.form(max_files=1, max_fields=4) as form:
        folder, file = form.get("folder"), form.get("file")
        folder = folder if isinstance(folder, str) else ""
        if not isinstance(file, UploadFile) or not file.filename:
            problem = KontorError(_("Choose a file first."), code="no_file")
            return await run_in_threadpool(folder_page, request, visitor, place, folder, problem=problem)
        return await run_in_threadpool(_put, request, visitor, place, folder, file)


@router.post("/pilots/{slug}/upload/name")
def name_upload(
    request: Request,
    session: InSession,
    visitor: FromVisitor,
    slug: str,
    staged: Annotated[str, Form()],
    do: Annotated[str, Form()],
    name: Annotated[str, Form()] = "",
) -> Response:
    """The answer to that page: `replace`, `name` (save under another name) or `cancel`."""
    place = _editing(request, session, visitor, slug)
    held = undo_seal(request).open(staged, seconds=_HOURS)
    if held is None or (held.get("slug"), held.get("person")) != (slug, visitor.name) or "part" not in held:
        raise NotAllowed(_("This upload is too old. Choose the file again."), code="old_upload")
    waiting = Staged(held["folder"], held["part"], held["size"])
    if do == "cancel":
        file_changes.give_up(root_of(request, slug), waiting)
        return _to_folder(request, slug, waiting.folder)
    chosen = held["name"] if do == "replace" else name.strip()
    return _settle(request, session, visitor, place, waiting, chosen, replace=do == "replace")


@router.get("/pilots/{slug}/delete/{path:path}")
def ask_delete(request: Request, session: InSession, visitor: FromVisitor, slug: str, path: str) -> Response:
    place = _editing(request, session, visitor, slug)
    entry = files.look(root_of(request, slug), path)
    return pilot_page(
        request, "file_delete.html", visitor=visitor, place=place, tab="files", entry=entry, crumbs=crumbs(path)
    )


@router.post("/pilots/{slug}/delete/{path:path}")
def delete(request: Request, session: InSession, visitor: FromVisitor, slug: str, path: str) -> Response:
    """Put a file or folder aside; the list that follows offers to take it back."""
    _editing(request, session, visitor, slug)
    aside = file_changes.put_aside(root_of(request, slug), path, now=this_moment())
    trail.record(session, "file_deleted", actor=visitor.name, pilot=slug, path=path)
    undo = undo_seal(request).close({"slug": slug, "person": visitor.name, "path": path, "aside": aside})
    return _to_folder(request, slug, path.rpartition("/")[0], undo=undo)


@router.post("/pilots/{slug}/undelete")
def undelete(
    request: Request, session: InSession, visitor: FromVisitor, slug: str, undo: Annotated[str, Form()]
) -> Response:
    _editing(request, session, visitor, slug)
    held = undo_seal(request).open(undo, seconds=_HOURS)
    if held is None or (held.get("slug"), held.get("person")) != (slug, visitor.name) or "aside" not in held:
        raise NotAllowed(
            _("It is too late to take this back here. It is kept for a month: ask the operator."), code="old_undo"
        )
    file_changes.bring_back(root_of(request, slug), held["aside"], held["path"])
    trail.record(session, "file_restored", actor=visitor.name, pilot=slug, path=held["path"])
    return _to_folder(request, slug, held["path"].rpartition("/")[0])


def _put(request: Request, visitor: Visitor, place: Standing, folder: str, file: UploadFile) -> Response:
    root, slug = root_of(request, place.pilot.slug), place.pilot.slug
    try:
        staged = file_changes.stage(root, folder, file.file, now=this_moment())
    except TooLarge as error:
        return folder_page(request, visitor, place, folder, problem=error)
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    with request.app.state.sessions() as session, session.begin():
        return _settle(request, session, visitor, _editing(request, session, visitor, slug), staged, name)


def _settle(
    request: Request,
    session: Session,
    visitor: Visitor,
    place: Standing,
    staged: Staged,
    name: str,
    *,
    replace: bool = False,
) -> Response:
    slug = place.pilot.slug
    try:
        entry = file_changes.settle(root_of(request, slug), staged, name, replace=replace, now=this_moment())
    except KontorError as error:
        if isinstance(error, Conflict) or error.code == "bad_name":
            return _name_page(request, visitor, place, staged, name, error)
        raise
    details: dict[str, Any] = {"path": entry.path, "size": staged.size, "replaced": int(replace)}
    trail.record(session, "file_uploaded", actor=visitor.name, pilot=slug, **details)
    return _to_folder(request, slug, staged.folder)


def _name_page(
    request: Request, visitor: Visitor, place: Standing, staged: Staged, name: str, problem: KontorError
) -> Response:
    held = {**vars(staged), "slug": place.pilot.slug, "person": visitor.name, "name": name}
    return pilot_page(
        request,
        "file_name.html",
        visitor=visitor,
        place=place,
        tab="files",
        status=problem.status,
        staged=undo_seal(request).close(held),
        name=name if file_names.is_plain(name) else "",
        folder=staged.folder,
        crumbs=crumbs(staged.folder),
        may_replace=problem.code == "name_taken",
        problem=problem,
    )


def _must_be_small(request: Request) -> None:
    """Look at the size before the body is read. Browsers always say it."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST + _FORM_AROUND:
        raise TooLarge(
            _("Files larger than {most} MB cannot be uploaded here. Use the workspace for them.").format(
                most=LARGEST // 1_000_000
            )
        )


def _editing_now(request: Request, visitor: Visitor, slug: str) -> Standing:
    with request.app.state.sessions() as session:
        return _editing(request, session, visitor, slug)


def _editing(request: Request, session: Session, visitor: Visitor, slug: str) -> Standing:
    """The standing of somebody who may change files here now.

    Raises
    ------
    NotAllowed
        If they may not: because of their role (`may_not_edit`), or because the pilot is read-only.
    """
    place = place_of(request, session, visitor, slug)
    if place.mode != "working":
        raise not_active(place.pilot)
    if not place.can("edit"):
        raise NotAllowed(
            _("Your role in this pilot is {role}. Files are changed by editors and leads.").format(
                role=_(place.role or "")
            ),
            code="may_not_edit",
        )
    return place


def _to_folder(request: Request, slug: str, folder: str, **query: str) -> Response:
    address = f"{request.app.state.site.service_prefix}pilots/{slug}/files"
    address += f"/{quote(folder)}" if folder else ""
    return RedirectResponse(f"{address}?{urlencode(query)}" if query else address, 303)
