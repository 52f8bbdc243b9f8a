"""The page of a pilot: the question, the people, the workspace, the data and the clusters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from kontor.clusters.client import ClusterClient, ClusterInfo
from kontor.data.api import find
from kontor.errors import KontorError, NotAllowed, NotFound
from kontor.people import store as people
from kontor.people.requests import InSession
from kontor.pilots import standing
from kontor.pilots.standing import Standing
from kontor.web import overview
from kontor.web.pages import page
from kontor.web.pilot_frame import pilot_page
from kontor.web.previews import Previews
from kontor.web.signin import FromVisitor, Visitor
from kontor.web.workspace import Workspace
from kontor.words import _

router = APIRouter(include_in_schema=False)
START_WORKERS = 2
_Told = Annotated[str, Query(max_length=40)]


@router.get("/pilots/{slug}")
async def pilot(request: Request, visitor: FromVisitor, slug: str, done: _Told = "", was: _Told = "") -> Response:
    """The overview. `done` is what was just done, so that the page says so and offers to take it back."""
    return await _pilot_page(request, visitor, slug, done=done, was=was)


@router.post("/pilots/{slug}/clusters")
async def change_clusters(
    request: Request,
    visitor: FromVisitor,
    slug: str,
    do: Annotated[str, Form()],
    name: Annotated[str, Form()] = "",
    workers: Annotated[int, Form(ge=0, le=1000)] = START_WORKERS,
) -> Response:
    """Start, scale or stop a cluster of the pilot, for people who may run.

    `do` is `start`, `stop` or `scale`; the last with the number of workers wanted.
    """
    place = await run_in_threadpool(_standing, request, visitor, slug)
    if place.mode != "working":
        raise standing.not_active(place.pilot)
    if not place.can("run"):
        raise NotAllowed(
            _("Your role in this pilot is {role}. Clusters are for runners, editors and leads.").format(
                role=_(place.role or "")
            ),
            code="may_not_run",
        )
    clusters: ClusterClient = request.app.state.clusters
    try:
        if do == "start":
            await clusters.start(slug, workers=workers, started_by=visitor.name)
        elif do == "scale":
            await clusters.scale(slug, name, workers)
        elif do == "stop":
            await clusters.stop(slug, name, asked_by=visitor.name)
        else:
            raise NotFound(_("Nothing here is called {name}.").format(name=repr(do[:20])), code="no_such_action")
    except KontorError as error:
        return await _pilot_page(request, visitor, slug, problem=error)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}#clusters", 303)


@router.get("/pilots/{slug}/clusters")
async def clusters_address(request: Request, visitor: FromVisitor, slug: str) -> Response:
    """Where a refused start leaves the browser; loading it again leads to the pilot."""
    await run_in_threadpool(_standing, request, visitor, slug)
    return RedirectResponse(f"{request.app.state.site.service_prefix}pilots/{slug}#clusters", 303)


@router.get("/fragments/pilots/{slug}/clusters")
async def clusters_now(request: Request, visitor: FromVisitor, slug: str) -> Response:
    place = standing.working(await run_in_threadpool(_standing, request, visitor, slug))
    found, problem = await _clusters(request, slug)
    starters = await run_in_threadpool(_names, request, found)
    return page(
        request,
        "fragments/clusters.html",
        visitor=visitor,
        slug=slug,
        clusters=found,
        cluster_problem=problem,
        starters=starters,
        may_run=place.can("run"),
    )


@router.get("/data/{pilot}/{name}/preview.png")
def preview(request: Request, session: InSession, visitor: FromVisitor, pilot: str, name: str) -> Response:
    role = standing.working(standing.of_person(session, visitor.name, pilot)).role or ""
    previews: Previews = request.app.state.previews
    picture = previews.picture(find(session, pilot, name), role, visitor.name)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})


async def _pilot_page(
    request: Request,
    visitor: Visitor,
    slug: str,
    *,
    done: str = "",
    was: str = "",
    problem: KontorError | None = None,
) -> Response:
    seen = await run_in_threadpool(overview.read, request, visitor, slug, done, was)
    place, works = seen.place, seen.place.mode == "working" and seen.place.role is not None
    clusters, cluster_problem = await _clusters(request, slug) if works else ([], None)
    workspace: Workspace = request.app.state.workspace
    return pilot_page(
        request,
        "pilot.html",
        visitor=visitor,
        place=place,
        tab="overview",
        status=problem.status if problem else 200,
        seen=seen,
        pilot=seen.view,
        works=works,
        datasets=seen.datasets,
        workspace=await workspace.state(slug) if works else None,
        clusters=clusters,
        cluster_problem=cluster_problem,
        may_run=place.can("run"),
        starters=await run_in_threadpool(_names, request, clusters),
        start_workers=START_WORKERS,
        most_workers=request.app.state.site.settings.clusters.workers_per_pilot,
        problem=problem,
    )


def _standing(request: Request, visitor: Visitor, slug: str) -> Standing:
    """A member's standing; an office gives no right to clusters."""
    with request.app.state.sessions() as session:
        return standing.of_person(session, visitor.name, slug)


async def _clusters(request: Request, slug: str) -> tuple[list[ClusterInfo], str | None]:
    """The pilot's clusters, or the sentence that says why they cannot be told; the page is shown in both cases."""
    clusters: ClusterClient = request.app.state.clusters
    try:
        return await clusters.list(slug), None
    except KontorError as error:
        return [], error.message


def _names(request: Request, clusters: list[ClusterInfo]) -> dict[str, str]:
    """What pages call those who started clusters; a workspace is called so."""
    starters = {one.started_by for one in clusters}
    with request.app.state.sessions() as session:
        known = people.by_names(session, starters)
    return {name: known[name].display_name if name in known else _("the workspace") for name in starters}
