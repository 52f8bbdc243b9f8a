"""Opening a pilot's workspace: start it if it is closed, wait where that takes a while, go there when it is open."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from kontor import names
from kontor.audit import trail
from kontor.errors import KontorError, NotAllowed, NotFound, Unavailable
from kontor.hubapi import HubAPI
from kontor.pilots import access, standing
from kontor.pilots.documents import file_names
from kontor.pilots.standing import Standing
from kontor.site import Site
from kontor.web.pages import page
from kontor.web.signin import FromVisitor, Visitor
from kontor.words import _

router = APIRouter(include_in_schema=False)


def _file(path: Annotated[str, Query(alias="open", max_length=file_names.LONGEST_PATH)] = "") -> str:
    """The file to open in the workspace, if it can be one; whether it is there shows when the lab opens it."""
    return path if all(file_names.is_plain(part) for part in path.split("/")) else ""


FromFile = Annotated[str, Depends(_file)]


class Workspace:
    """The workspaces of pilots, as the hub sees them."""

    def __init__(self, site: Site, hub: HubAPI) -> None:
        self._site = site
        self._hub = hub

    def lab_url(self, slug: str, person: str, path: str = "") -> str:
        """Where the workspace is, in a browser: everybody has their own arrangement of its windows.

        Parameters
        ----------
        path : str, optional
            A file that is opened in it.
        """
        account = names.workspace_account(slug)
        address = f"{self._site.public_url_of(account)}/user/{account}/lab/workspaces/{person}"
        return f"{address}/tree/{quote(path)}" if path else address

    async def state(self, slug: str, person: str | None = None) -> str:
        """`open`, `opening`, `closing`, `closed`, `missing` (not made yet) or `unknown` (the hub does not answer).

        Parameters
        ----------
        person : str, optional
            With a person: `letting-in` instead of `open` until the hub lets them in, too.
        """
        try:
            model = await self._hub.user(names.workspace_account(slug))
        except KontorError:
            return "unknown"
        if model is None:
            return "missing"
        server = (model.get("servers") or {}).get("")
        if not server:
            return "closed"
        if server.get("ready") and server.get("pending") != "stop":
            return await self._open_for(slug, person)
        return "closing" if server.get("pending") == "stop" else "opening"

    async def _open_for(self, slug: str, person: str | None) -> str:
        """The hub shares a workspace with somebody a moment after they first sign in or become a member."""
        if person is None:
            return "open"
        try:
            people = await self._hub.shared_with(names.workspace_account(slug))
        except KontorError:
            return "unknown"
        if person in people:
            return "open"
        access.poke(self._site, slug)
        return "letting-in"

    async def opening(self, slug: str, person: str, was: str) -> str:
        """As `state`, for somebody who waits: a workspace that was closing when they came, and has closed, is started.

        Parameters
        ----------
        was : str
            The state at the last look.
        """
        state = await self.state(slug, person)
        if state != "closed" or was != "closing":
            return state
        try:
            await self.start(slug)
        except Unavailable:
            return "closed"
        return "opening"

    async def start(self, slug: str) -> None:
        """Ask for it; returns while it still opens.

        Raises
        ------
        Unavailable
            If the hub has no such account yet, does not answer or refuses.
        """
        try:
            await self._hub.start_server(names.workspace_account(slug))
        except NotFound:
            access.poke(self._site, slug)
            raise Unavailable(
                _("This workspace is still being prepared. Please try again in half a minute."),
                code="workspace_missing",
            ) from None


@router.get("/pilots/{slug}/workspace")
@router.post("/pilots/{slug}/workspace")
async def open_workspace(request: Request, visitor: FromVisitor, slug: str, file: FromFile) -> Response:
    """Open it, or show why not. Also reached by a link from labs, hence GET: opening harms nobody."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.state(slug, visitor.name)
    if state == "open":
        return RedirectResponse(workspace.lab_url(slug, visitor.name, file), 303)
    try:
        await workspace.start(slug)
    except Unavailable as error:
        return _starting(request, visitor, place, file, "failed", error.message, 503)
    if state == "closed":
        await run_in_threadpool(_note, request, visitor, slug)
    address = f"{request.app.state.site.service_prefix}pilots/{slug}/workspace/opening{_query(file)}"
    return RedirectResponse(address, 303)


@router.get("/pilots/{slug}/workspace/opening")
async def opening(request: Request, visitor: FromVisitor, slug: str, file: FromFile, was: str = "") -> Response:
    """How the opening goes. Without scripts the page reloads itself."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.opening(slug, visitor.name, was)
    if state == "open":
        return RedirectResponse(workspace.lab_url(slug, visitor.name, file), 303)
    return _starting(request, visitor, place, file, *_told(state), was=state)


@router.get("/fragments/pilots/{slug}/opening")
async def opening_now(request: Request, visitor: FromVisitor, slug: str, file: FromFile, was: str = "") -> Response:
    """The moving part of that page; when all is ready it sends the browser to the lab."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.opening(slug, visitor.name, was)
    if state == "open":
        return Response(headers={"HX-Redirect": workspace.lab_url(slug, visitor.name, file)})
    return _starting(request, visitor, place, file, *_told(state), was=state, template="fragments/opening.html")


def _query(file: str, was: str = "") -> str:
    """What the next request has to know: the file to open, and that the workspace was just closing."""
    said = {"open": file, "was": was if was == "closing" else ""}
    kept = urlencode({name: value for name, value in said.items() if value})
    return f"?{kept}" if kept else ""


def _told(state: str) -> tuple[str, str]:
    """Whether it still goes on, and the sentence for it."""
    if state in ("opening", "letting-in", "unknown"):
        return "going", _("The workspace starts. This takes a few seconds; the page moves on by itself.")
    if state == "closing":
        return "going", _("The workspace is just being closed. One moment.")
    return "failed", _("The workspace did not start. Nothing in it is lost. Please try once more.")


def _starting(
    request: Request,
    visitor: Visitor,
    place: Standing,
    file: str,
    stage: str,
    message: str,
    status: int = 200,
    *,
    was: str = "",
    template: str = "opening.html",
) -> Response:
    return page(
        request,
        template,
        visitor=visitor,
        here="pilots",
        status=status,
        pilot=place.pilot,
        query=_query(file),
        next_query=_query(file, was),
        stage=stage,
        message=message,
    )


def _may_open(request: Request, visitor: Visitor, slug: str) -> Standing:
    with request.app.state.sessions() as session:
        place = standing.of_person(session, visitor.name, slug)
    if not place.may_open:
        raise NotAllowed(place.why_not or "", code="may_not_open")
    return place


def _note(request: Request, visitor: Visitor, slug: str) -> None:
    with request.app.state.sessions() as session, session.begin():
        trail.record(session, "workspace_opened", actor=visitor.name, pilot=slug, person=visitor.name)
