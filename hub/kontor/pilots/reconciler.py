"""The reconciler: a process of its own with a token of its own.

It alone may make hub accounts, groups and shares, so that the pages, which talk to browsers, need not. It looks at a
pilot when it is poked, at everything every 15 seconds, and when something ends by itself, such as a membership.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from kontor.audit import witness
from kontor.clusters.client import ClusterClient
from kontor.data.gate import Gate
from kontor.database import now as this_moment
from kontor.database import session_factory
from kontor.errors import KontorError
from kontor.hubapi import HubAPI
from kontor.names import is_slug
from kontor.pilots import granted
from kontor.pilots.access import EVERYTHING, HubView
from kontor.pilots.budget import meter
from kontor.pilots.evictions import Evictor
from kontor.pilots.folders.keeper import Keeper
from kontor.pilots.lasting import lasting
from kontor.pilots.life import clock
from kontor.pilots.rounds import Rounds
from kontor.site import Site

log = logging.getLogger("kontor.reconciler")

INTERVAL = 15.0
RETRY = 1.0
RETRY_OTHERS = 3.0
"""Seconds until a store or gateway that does not answer is asked again."""
SECRET = "reconciler-token"  # noqa: S105 - a name, not a secret


class Pokes(asyncio.DatagramProtocol):
    """What others ask to be looked at: names of pilots, or everything."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._some = asyncio.Event()

    def add(self, what: str) -> None:
        self._asked.add(what)
        self._some.set()

    def datagram_received(self, data: bytes, addr: object) -> None:
        text = data.decode("ascii", errors="replace")
        self.add(text if is_slug(text) else EVERYTHING)

    async def wait(self, seconds: float) -> set[str]:
        """What was asked for since the last time, at once; after `seconds` nothing, if nothing is asked."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), seconds)
        asked, self._asked = self._asked, set()
        self._some.clear()
        return asked


async def run(site: Site) -> None:
    """Reconcile until cancelled; writes `STATE/run/reconciled` after each full round that succeeded."""
    path = site.sockets / "reconciler"
    path.unlink(missing_ok=True)
    pokes = Pokes()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: pokes, local_addr=str(path), family=1)
    sessions = session_factory(site.database_url)
    beside: dict[str, Callable[[], Awaitable[object]]] = {
        "the counting": partial(meter.run, site),
        "the deleting": partial(clock.delete_when_due, site, sessions),
        "the keeper of folders": Keeper.of(site, sessions).run,
    }
    try:
        async with (
            lasting(beside),
            HubAPI(site.hub_api_url, site.secret(SECRET)) as hub,
            ClusterClient(site, secret=SECRET) as clusters,
        ):
            evictor = Evictor(sessions, hub, clusters, await asyncio.to_thread(Gate.of, site))
            rounds = Rounds(sessions, HubView(hub), evictor, pokes.add)
            changed = [asyncio.Event(), asyncio.Event()]
            deriving = [
                asyncio.create_task(_keep(evictor.tell_store, changed[0])),
                asyncio.create_task(_keep(evictor.stop_clusters, changed[1])),
            ]
            try:
                await _reconcile(site, rounds, pokes, changed)
            finally:
                for task in deriving:
                    task.cancel()
                await rounds.close()
    finally:
        transport.close()
        path.unlink(missing_ok=True)


async def _keep(derive: Callable[[], Awaitable[bool]], changed: asyncio.Event) -> None:
    """Derive again and again. Store and gateway apart from the rounds: one of them that is down holds up nobody."""
    while True:
        changed.clear()
        done = False
        try:
            done = await derive()
        except SQLAlchemyError as error:
            log.warning("not derived, will try again: %s", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), INTERVAL if done else RETRY_OTHERS)


async def _reconcile(site: Site, rounds: Rounds, pokes: Pokes, changed: Sequence[asyncio.Event]) -> None:
    asked: set[str] = set()
    due = monotonic()
    while True:
        ticked = await asyncio.to_thread(_tick, site)
        full = ticked or EVERYTHING in asked or monotonic() >= due
        done = await rounds.go(None if full else asked, asked=bool(asked))
        if full and done:
            (site.run / "reconciled").touch()
            due = monotonic() + INTERVAL
        elif not done:
            due = monotonic() + RETRY
        due = min(due, monotonic() + await asyncio.to_thread(_to_next_end, site))
        for one in changed:
            one.set()
        await asyncio.to_thread(witness.note, site)
        asked = await pokes.wait(max(0.0, due - monotonic()))


def _tick(site: Site) -> bool:
    """Whether the calendar changed something."""
    try:
        return bool(clock.run(site, session_factory(site.database_url)))
    except (KontorError, SQLAlchemyError) as error:
        log.warning("the calendar was not followed, will try again: %s", error)
        return False


def _to_next_end(site: Site) -> float:
    """Seconds until something ends by itself; what was asked for just now may have brought that nearer."""
    with session_factory(site.database_url)() as session:
        return granted.seconds_to_next_end(session, this_moment(), at_most=INTERVAL)
