"""Opening a pilot's workspace: start it if it is closed, wait where that takes a while, go there when it is open."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from kontor import names
from kontor.audit import trail
from kontor.errors import KontorError, NotAllowed, NotFound, Unavailable
from kontor.hubapi import HubAPI
from kontor.pilots import access, standing
from kontor.pilots.standing import Standing
from kontor.site import Site
from kontor.web.pages import page
from kontor.web.signin import FromVisitor, Visitor

router = APIRouter(include_in_schema=False)


class Workspace:
    """The workspaces of pilots, as the hub sees them."""

    def __init__(self, site: Site, hub: HubAPI) -> None:
        self._site = site
        self._hub = hub

    def lab_url(self, slug: str, person: str) -> str:
        """Where the workspace is, in a browser: everybody has their own arrangement of its windows."""
        account = names.workspace_account(slug)
        return f"{self._site.public_url_of(account)}/user/{account}/lab/workspaces/{person}"

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
            answer = await self._hub.request("GET", f"/shares/{names.workspace_account(slug)}/")
        except KontorError:
            return "unknown"
        if any(share["user"] and share["user"]["name"] == person for share in answer.json()["items"]):
            return "open"
        access.poke(self._site)
        return "letting-in"

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
            access.poke(self._site)
            raise Unavailable(
                "This workspace is still being prepared. Please try again in half a minute.", code="workspace_missing"
            ) from None


@router.get("/pilots/{slug}/workspace")
@router.post("/pilots/{slug}/workspace")
async def open_workspace(request: Request, visitor: FromVisitor, slug: str) -> Response:
    """Open it, or show why not. Also reached by a link from labs, hence GET: opening harms nobody."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.state(slug, visitor.name)
    if state == "open":
        return RedirectResponse(workspace.lab_url(slug, visitor.name), 303)
    try:
        await workspace.start(slug)
    except Unavailable as error:
        return _starting(request, visitor, place, "failed", error.message, 503)
    if state == "closed":
        await run_in_threadpool(_note, request, visitor, slug)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}/workspace/opening", 303)


@router.get("/pilots/{slug}/workspace/opening")
async def opening(request: Request, visitor: FromVisitor, slug: str) -> Response:
    """How the opening goes. Without scripts the page reloads itself."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.state(slug, visitor.name)
    if state == "open":
        return RedirectResponse(workspace.lab_url(slug, visitor.name), 303)
    return _starting(request, visitor, place, *_told(state))


@router.get("/fragments/pilots/{slug}/opening")
async def opening_now(request: Request, visitor: FromVisitor, slug: str) -> Response:
    """The moving part of that page; when all is ready it sends the browser to the lab."""
    place = await run_in_threadpool(_may_open, request, visitor, slug)
    workspace: Workspace = request.app.state.workspace
    state = await workspace.state(slug, visitor.name)
    if state == "open":
        return Response(headers={"HX-Redirect": workspace.lab_url(slug, visitor.name)})
    return _starting(request, visitor, place, *_told(state), template="fragments/opening.html")


def _told(state: str) -> tuple[str, str]:
    """Whether it still goes on, and the sentence for it."""
    if state in ("opening", "letting-in", "unknown"):
        return "going", "The workspace starts. This takes a few seconds; the page moves on by itself."
    if state == "closing":
        return "going", "The workspace is just being closed. One moment."
    return "failed", "The workspace did not start. Nothing in it is lost. Please try once more."


def _starting(
    request: Request,
    visitor: Visitor,
    place: Standing,
    stage: str,
    message: str,
    status: int = 200,
    *,
    template: str = "opening.html",
) -> Response:
    return page(
        request,
        template,
        visitor=visitor,
        here="pilots",
        status=status,
        pilot=place.pilot,
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
