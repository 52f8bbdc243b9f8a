"""What ends when somebody loses access to a pilot, beyond what the hub refuses them by itself.

    loses   ends for the whole pilot                   why not for this person alone
    edit    the workspace, which starts again at once  code that they left running acts as the pilot, its token can be
                                                       copied by every member, and so can keys taken with it
    run     the clusters                               members share the key with which one connects to a cluster
    read    the store keys                             a key may have been passed on by a cluster or a workspace

What people typed is saved when a workspace stops. The hub forgets all page logins of a server that stops; who loads the
page again is signed in without being asked.

The order makes every crash harmless. The hub's shares and groups are taken away before this begins. Then keys and
clusters are shut in the database (`granted.shut`); from there the store's policy and the end of the clusters are
derived in every round, so a store or gateway that is down now only delays its own part. The workspace is stopped;
until it has, its token fetches no keys. Last of all it is written down that the access is gone (`granted.settle`).
Before that every look finds the loss again and all is repeated, which changes nothing. Only the start of a workspace
after a crash is not made up for: it is then closed, and the next who opens it starts it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session, sessionmaker

from kontor import names
from kontor.clusters.client import ClusterClient
from kontor.data.gate import Gate
from kontor.database import now as this_moment
from kontor.errors import KontorError, Unavailable
from kontor.hubapi import HubAPI
from kontor.pilots import granted
from kontor.pilots.granted import Loss

log = logging.getLogger("kontor.reconciler")

PATIENCE: Final = 60.0
"""Seconds that a workspace may take to stop."""
_STEP: Final = 0.1
_LATE: Final = timedelta(seconds=1)
"""A start of a cluster that the gateway had let in before the hub took the group away is through by then."""


class Evictor:
    """Ends what is to end.

    Parameters
    ----------
    sessions : sessionmaker
        Of the kontor database.
    hub : HubAPI
        May stop and start workspaces.
    clusters : ClusterClient
        May stop clusters.
    gate : Gate
        May set the store's policy.
    clock : callable
        This moment.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        hub: HubAPI,
        clusters: ClusterClient,
        gate: Gate,
        *,
        clock: Callable[[], datetime] = this_moment,
    ) -> None:
        self._sessions = sessions
        self._hub = hub
        self._clusters = clusters
        self._gate = gate
        self._clock = clock
        self._telling = asyncio.Lock()

    async def shut(self, slug: str, losses: Sequence[Loss]) -> None:
        """End what these people could use. Their shares and groups must be gone from the hub.

        Raises
        ------
        KontorError
            If the hub does not stop the workspace; do all of it again then.
        """
        begun = self._clock()
        since = begun + _LATE if any(loss.of("run") for loss in losses) else None
        closing = any(loss.of("edit") for loss in losses)
        await asyncio.to_thread(self._shut, slug, since, closing)
        await self.tell_store()
        clusters = asyncio.create_task(self.stop_clusters())
        try:
            ran = closing and await self._stop_workspace(slug, begun)
            await asyncio.to_thread(self._settle, losses)
            if ran and losses[0].works:
                await _tried("hub", self._hub.start_server(names.workspace_account(slug)))
        finally:
            await clusters
        if since is not None:
            await asyncio.sleep(max(0.0, (since - self._clock()).total_seconds()))
            await self.stop_clusters()

    async def tell_store(self) -> bool:
        """Set the store's policy as the database says; False if the store could not be told.

        One at a time, from the reading on: else what was read earlier could be told later.
        """
        async with self._telling:
            what = await asyncio.to_thread(self._doors)
            return await _tried("store", asyncio.to_thread(self._gate.set, what.generations))

    async def stop_clusters(self) -> bool:
        """End the clusters that the database says have to; False if the gateway could not be told."""
        what = await asyncio.to_thread(self._doors)
        return not what.clusters_since or await _tried("gateway", self._clusters.stop_older(what.clusters_since))

    async def _stop_workspace(self, slug: str, before: datetime) -> bool:
        """Stop the workspace if it started before a moment; whether it ran."""
        account, ran = names.workspace_account(slug), False
        try:
            async with asyncio.timeout(PATIENCE):
                while (server := await self._server(account)) and _is_older(server, before):
                    ran = True
                    if server.get("pending") is None:
                        await self._hub.stop_server(account)
                    await asyncio.sleep(_STEP)
        except TimeoutError:
            raise Unavailable(f"The workspace of {slug} does not stop.") from None
        return ran

    async def _server(self, account: str) -> dict[str, Any] | None:
        model = await self._hub.user(account) or {}
        found: dict[str, Any] | None = (model.get("servers") or {}).get("")
        return found

    def _shut(self, slug: str, clusters_since: datetime | None, closing: bool) -> None:
        with self._sessions() as session, session.begin():
            granted.shut(session, slug, clusters_since=clusters_since, closing=closing)

    def _settle(self, losses: Sequence[Loss]) -> None:
        with self._sessions() as session, session.begin():
            granted.settle(session, losses, now=self._clock())

    def _doors(self) -> granted.Doors:
        with self._sessions() as session:
            return granted.doors(session, self._clock())


def _is_older(server: dict[str, Any], moment: datetime) -> bool:
    started = server.get("started")
    return started is None or datetime.fromisoformat(started) < moment


async def _tried(whom: str, attempt: Awaitable[object]) -> bool:
    """Whether it could be done now; if not, it will be tried again."""
    try:
        async with asyncio.timeout(PATIENCE):
            await attempt
    except (KontorError, TimeoutError) as error:
        log.warning("the %s could not be told, will try again: %s", whom, error)
        return False
    return True
