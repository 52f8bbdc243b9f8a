"""The meter: counts what runs, moves pilots on to their stage, slows them. It runs in the reconciler's process.

A count and the counters that it ends with are written in one transaction, and only if no other count has been written
since the one that it begins with. So whatever dies when, nothing is counted twice, and a new meter goes on from the
last count that was written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import CursorResult, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kontor import names
from kontor.clusters.client import ClusterClient, ClusterInfo
from kontor.data.objectstore import admin_client
from kontor.database import now as this_moment
from kontor.database import session_factory
from kontor.errors import KontorError, Unavailable
from kontor.pilots import access, presence, store
from kontor.pilots.budget import ledger, processes, slowing, stages, standing, storage
from kontor.pilots.budget.counting import Held, Seen, uses
from kontor.pilots.budget.prices import Prices
from kontor.pilots.budget.processes import Process
from kontor.pilots.budget.stages import Change
from kontor.pilots.model import MeterRow
from kontor.site import Site

log = logging.getLogger("kontor.budget")

NAME: Final = "compute"
FOLDERS_SECONDS: Final = 300.0
OBJECTS_SECONDS: Final = 600.0
RETRY: Final = 30.0
_STORED_IN: Final = ("active", "closing", "archived")


class Clusters(slowing.Scaler, Protocol):
    """What of `clusters.client.ClusterClient` the meter needs."""

    async def list(self, pilot: str | None = None) -> list[ClusterInfo]: ...


@dataclass
class Stored:
    """Bytes of each pilot as last measured: in its folder, and in the store."""

    folders: dict[str, int] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)

    def together(self) -> dict[str, int]:
        """Pilot -> bytes."""
        slugs = self.folders.keys() | self.objects.keys()
        return {slug: self.folders.get(slug, 0) + self.objects.get(slug, 0) for slug in slugs}


class Meter:
    """Counts for one installation.

    Parameters
    ----------
    site : Site
    clusters : ClusterClient
    clock : callable
        This moment.
    """

    def __init__(self, site: Site, clusters: Clusters, *, clock: Callable[[], datetime] = this_moment) -> None:
        self._site = site
        self._sessions = session_factory(site.database_url)
        self._clusters = clusters
        self._clock = clock
        self._priorities = slowing.Priorities()
        self.stored = Stored()

    async def look(self) -> list[Change]:
        """Count once, move pilots on, slow those that are to be slow; returns who went to another stage.

        Raises
        ------
        SQLAlchemyError
            If the database cannot be used; the next look counts this time as well.
        """
        clusters = await self._running_clusters()
        seen, changes, slow = await asyncio.to_thread(self._count, clusters)
        await slowing.scale_down(self._clusters, clusters, slow)
        await asyncio.to_thread(self._priorities.apply, seen, clusters, slow)
        if changes:
            access.poke(self._site)
        return changes

    async def _running_clusters(self) -> list[ClusterInfo]:
        try:
            return await self._clusters.list()
        except KontorError as error:  # when the gateway is gone, so are its clusters
            log.info("clusters are not counted now: %s", error)
            return []

    def _count(self, clusters: list[ClusterInfo]) -> tuple[list[Process], list[Change], set[str]]:
        settings = self._site.settings
        with self._sessions() as session:
            row = session.get(MeterRow, NAME)
            since, before = (row.counted, processes.read(row.counters)) if row else (None, {})
            slugs = [one.slug for one in store.everything(session)]
        running = processes.running(self._site.run, before)
        seen = self._seen(running, clusters, set(slugs))
        with self._sessions() as session, session.begin():
            if self._begin(session, since, seen):
                found = uses(before, since or seen.moment, seen, settings) if since else []
                ledger.add(session, found, Prices.of(settings.budget), now=seen.moment)
        with self._sessions() as session, session.begin():
            changes = stages.advance(session, settings.budget, now=seen.moment)
            found_standing = standing.of_many(session, slugs, settings.budget, now=seen.moment)
        return running, changes, {slug for slug, one in found_standing.items() if one.slow}

    def _begin(self, session: Session, since: datetime | None, seen: Seen) -> bool:
        """Write down that this count goes on from `since`; False if another one already did."""
        counters = processes.written(seen.counters)
        if since is None:
            session.add(MeterRow(name=NAME, counted=seen.moment, counters=counters))
            session.flush()
            return True
        statement = (
            update(MeterRow)
            .where(MeterRow.name == NAME, MeterRow.counted == since)
            .values(counted=seen.moment, counters=counters)
        )
        return cast(CursorResult[Any], session.execute(statement)).rowcount == 1

    def _seen(self, running: list[Process], clusters: list[ClusterInfo], slugs: set[str]) -> Seen:
        counters = {key: one for key, one in processes.counters_of(running).items() if one.slug in slugs}
        labs = [one for one in running if one.key in counters]
        held = [Held(counters[one.key].slug, processes.memory(one.pid), one.age) for one in labs]
        folder = presence.folder_of(self._site)
        return Seen(
            moment=self._clock(),
            counters=counters,
            held=held,
            clusters=[one for one in clusters if one.pilot in slugs],
            stored={slug: size for slug, size in self.stored.together().items() if slug in slugs},
            present={slug: presence.told(folder, slug, self._clock()) for slug in slugs},
        )

    def measure_folders(self) -> None:
        """Measure what lies in the folders of pilots, and what their workspaces keep beside them."""
        site = self._site
        self.stored.folders = {
            slug: storage.folder_bytes(site.pilot_folders / slug)
            + storage.folder_bytes(site.kept_of_labs / names.workspace_account(slug))
            for slug in self._storing()
        }

    def measure_objects(self, objects: Any) -> None:
        """Measure what lies in the store; what was known stays if the store does not answer.

        Raises
        ------
        Unavailable
            If it does not.
        """
        try:
            self.stored.objects = {slug: storage.object_bytes(objects, slug) for slug in self._storing()}
        except (BotoCoreError, ClientError) as problem:
            raise Unavailable(f"The store was not measured: {problem}", code="store_down") from problem

    def _storing(self) -> list[str]:
        with self._sessions() as session:
            return [one.slug for one in store.everything(session, states=_STORED_IN) if one.data_deleted is None]


async def run(site: Site) -> None:
    """Count until cancelled. Nothing that goes wrong here ends whoever started it."""
    try:
        async with ClusterClient(site) as clusters:
            meter, objects = Meter(site, clusters), await asyncio.to_thread(admin_client, site)
            await asyncio.gather(
                _again(meter.look, site.settings.budget.count_seconds),
                _again(lambda: asyncio.to_thread(meter.measure_folders), FOLDERS_SECONDS),
                _again(lambda: asyncio.to_thread(meter.measure_objects, objects), OBJECTS_SECONDS),
            )
    except KontorError as error:
        log.error("nothing is counted: %s", error)


async def _again(work: Callable[[], Awaitable[Any]], seconds: float) -> None:
    """Do it every so often, the time that it takes included; sooner if it went wrong."""
    while True:
        begun, pause = monotonic(), seconds
        try:
            await work()
        except (KontorError, SQLAlchemyError, OSError) as error:
            pause = min(seconds, RETRY)
            log.warning("not counted, will try again: %s", error)
        except Exception:
            log.exception("a count failed")
        await asyncio.sleep(max(1.0, pause - (monotonic() - begun)))
