"""What the audit log is told of clusters: who started one, who stopped it.

Recorded here, in the gateway, because here every start and stop passes: from pages, notebooks and workspaces, by age,
for want of use, and with the gateway itself. The database is asked in a thread, so nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import Any

from aiohttp import web
from dask_gateway_server.backends.base import PublicException
from sqlalchemy.exc import SQLAlchemyError

from kontor import names
from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.clusters.client import BEHALF
from kontor.clusters.guard import Handler
from kontor.database import session_factory
from kontor.site import Site

_asking: ContextVar[web.Request | None] = ContextVar("asking", default=None)
log = logging.getLogger("kontor.clusters")


@web.middleware  # type: ignore[untyped-decorator]
async def remember_who_asks(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets the backend know for whom it works, which the gateway's own routes do not tell it."""
    token = _asking.set(request)
    try:
        return await handler(request)
    finally:
        _asking.reset(token)


def who_asks() -> str:
    """Account on whose behalf the gateway works now: the caller's, or for the kontor service the one that it names.

    `actions.SYSTEM` if nobody asked: age, want of use, the end of the gateway.
    """
    request = _asking.get()
    user = None if request is None else request.get("user")
    if request is None or user is None:
        return SYSTEM
    return account_of(request.headers.get(BEHALF, "") if user.is_service else user.name)


def account_of(name: str) -> str:
    """`name` if it is a person's or workspace's account, else `actions.SYSTEM`."""
    return name if names.is_person(name) or names.pilot_of_workspace(name) else SYSTEM


class ClusterLog:
    """Tells the audit log. A cluster whose start cannot be recorded must not run; a stop is never held up."""

    def __init__(self, site: Site) -> None:
        self._sessions = session_factory(site.database_url)
        self._running: set[str] = set()
        self._stoppers: dict[str, str] = {}

    async def started(self, cluster: Any) -> None:
        """Record a start.

        Raises
        ------
        PublicException
            With a sentence, if it could not be recorded.
        """
        try:
            await asyncio.to_thread(self._write_start, cluster)
        except SQLAlchemyError as error:
            log.error("the start of cluster %s could not be recorded: %s", cluster.name, error)
            raise PublicException(
                "The start could not be written to the log, so the cluster was not started. Try again in a moment."
            ) from error
        self._running.add(cluster.name)

    def asked_to_stop(self, name: str) -> None:
        """Remember who asked for the end of a cluster; the first to ask counts."""
        if name in self._running:
            self._stoppers.setdefault(name, who_asks())

    async def stopped(self, cluster: Any) -> None:
        """Record the end of a cluster whose start was recorded."""
        actor = self._stoppers.pop(cluster.name, SYSTEM)
        if cluster.name not in self._running:
            return
        self._running.discard(cluster.name)
        try:
            await asyncio.to_thread(self._write_stop, cluster, actor)
        except SQLAlchemyError as error:
            log.error("the end of cluster %s could not be recorded: %s", cluster.name, error)

    def _write_start(self, cluster: Any) -> None:
        options = cluster.options
        with self._sessions() as session, session.begin():
            trail.record(
                session,
                "cluster_started",
                actor=account_of(options["started_by"]),
                pilot=options["pilot"],
                workers=int(options["workers"]),
                cluster=cluster.name,
            )

    def _write_stop(self, cluster: Any, actor: str) -> None:
        pilot = cluster.options["pilot"]
        with self._sessions() as session, session.begin():
            trail.record(session, "cluster_stopped", actor=actor, pilot=pilot, cluster=cluster.name)
