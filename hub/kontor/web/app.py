"""Assembly of the kontor service: which parts it has, and which routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from kontor import __version__
from kontor.clusters import cluster_token
from kontor.clusters.client import ClusterClient
from kontor.data import api as data_api
from kontor.data.credentials import Broker
from kontor.database import session_factory
from kontor.hubapi import HubAPI
from kontor.people.callers import Callers, HubTokens
from kontor.people.offices import Offices
from kontor.people.partners import load_partners
from kontor.people.portrait import Portraits
from kontor.people.tries import Tries
from kontor.pilots import api as pilots_api
from kontor.pilots import consortium_api
from kontor.pilots.budget import api as budget_api
from kontor.pilots.documents import files_api, shares_api
from kontor.pilots.life import api as lifecycle_api
from kontor.pilots.logbook import api as log_api
from kontor.pilots.membership import invitations_api, members_api
from kontor.pilots.presence import Presence, folder_of
from kontor.pilots.snapshot import Consortium
from kontor.site import Site
from kontor.web import (
    budget,
    consortium,
    ending,
    file_changes,
    files,
    invitations,
    join,
    languages,
    lobby,
    log,
    member_add,
    people,
    pilot,
    proposals,
    shared,
    shares,
    signin,
    steps,
    workspace,
)
from kontor.web.answers import add_answers
from kontor.web.bodies import Bodies
from kontor.web.headers import SecurityHeaders, from_our_pages, security_headers
from kontor.web.languages import Languages
from kontor.web.look import STATIC
from kontor.web.pages import htmx_file
from kontor.web.previews import Previews
from kontor.web.reading import Reading
from kontor.web.rendering import Renderer
from kontor.web.secret_paths import guard_logs

health = APIRouter(tags=["health"])


@health.get("/health", summary="Does the service answer?")
def healthy() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


def create_app(site: Site) -> FastAPI:
    """The service of an installation. Its parts are in `app.state`; tests put others there."""
    prefix = site.service_prefix.rstrip("/")
    app = FastAPI(
        title="Kontor",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{prefix}/api/openapi.json",
        lifespan=_lifespan,
    )
    _add_parts(app, site)
    add_answers(app)
    app.add_middleware(Bodies, prefix=site.service_prefix)
    app.add_middleware(Languages)
    app.add_middleware(SecurityHeaders, headers=app.state.security_headers)
    pages = [Depends(from_our_pages)]
    for router in (lobby.router, consortium.router):  # the most read: routes are tried in this order
        app.include_router(router, prefix=prefix, dependencies=pages)
    for router in (
        health,
        pilots_api.router,
        lifecycle_api.router,
        data_api.router,
        budget_api.router,
        consortium_api.router,
        log_api.router,
        members_api.router,
        invitations_api.router,
        files_api.router,
        shares_api.router,
    ):
        app.include_router(router, prefix=f"{prefix}/api")
    for router in (
        signin.router,
        languages.router,
        budget.router,
        log.router,
        join.router,
        invitations.router,
        member_add.router,
        people.router,
        files.router,
        file_changes.router,
        shares.router,
        shared.router,
        proposals.router,
        steps.router,
        ending.router,
        pilot.router,
        workspace.router,
    ):
        app.include_router(router, prefix=prefix, dependencies=pages)
    app.add_api_route(f"{prefix}/static/vendor/htmx.min.js", _htmx, include_in_schema=False)
    app.mount(f"{prefix}/static", StaticFiles(directory=STATIC), name="static")
    return app


def serve(site: Site) -> None:
    """Run the service until it is told to stop."""
    htmx_file()
    guard_logs()
    app = create_app(site)
    app.state.notebooks.warm()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=site.ports.service,
        log_level=site.settings.log_level,
        access_log=site.settings.log_level == "debug",
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def _add_parts(app: FastAPI, site: Site) -> None:
    state = app.state
    state.site = site
    state.security_headers = security_headers(site)
    state.sessions = session_factory(site.database_url)
    state.reading = Reading(state.sessions)
    state.hub = HubAPI(site.hub_api_url, site.secret("service-token"))
    tokens = HubTokens(state.hub)
    state.callers = Callers(
        tokens, site.secret(cluster_token.SECRET), timedelta(hours=site.settings.clusters.lifetime_hours)
    )
    state.signin = signin.SignIn(site, tokens)
    state.partners = load_partners()
    state.offices = Offices.at(site)
    state.consortium = Consortium(state.partners)
    state.portraits = Portraits(state.partners)
    state.tries = Tries("invitations")
    state.shared_tries = Tries("shared")
    state.notebooks = Renderer()
    state.presence = Presence(folder=folder_of(site))
    state.broker = Broker.of(site)
    state.previews = Previews(state.broker, site.store_url)
    state.clusters = ClusterClient(site)
    state.workspace = workspace.Workspace(site, state.hub)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Close what was opened when the service ends."""
    try:
        yield
    finally:
        for part in (app.state.signin, app.state.clusters, app.state.hub):
            await part.close()


def _htmx() -> FileResponse:
    return FileResponse(htmx_file(), media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})
