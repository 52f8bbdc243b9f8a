"""The reconciler: a process of its own with a token of its own.

It alone may make hub accounts, groups and shares, so that the pages, which talk to browsers, need not. It looks
when it is poked and every 15 seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from kontor.database import session_factory
from kontor.errors import KontorError
from kontor.hubapi import HubAPI
from kontor.pilots import access, members
from kontor.site import Site

log = logging.getLogger("kontor.reconciler")

INTERVAL = 15.0
RETRY = 1.0


class _Poke(asyncio.DatagramProtocol):
    def __init__(self, poked: asyncio.Event) -> None:
        self._poked = poked

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._poked.set()


async def run(site: Site) -> None:
    """Reconcile until cancelled; writes `STATE/run/reconciled` after each round that succeeded."""
    path = site.sockets / "reconciler"
    path.unlink(missing_ok=True)
    poked = asyncio.Event()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Poke(poked), local_addr=str(path), family=1)
    sessions = session_factory(site.database_url)

    def active() -> Mapping[str, Mapping[str, str]]:
        with sessions() as session:
            return members.all_working(session)

    try:
        async with HubAPI(site.hub_api_url, site.secret("reconciler-token")) as hub:
            while True:
                poked.clear()
                done = await _round(hub, active)
                if done:
                    (site.run / "reconciled").touch()
                with suppress(TimeoutError):
                    await asyncio.wait_for(poked.wait(), INTERVAL if done else RETRY)
    finally:
        transport.close()
        path.unlink(missing_ok=True)


async def _round(hub: HubAPI, active: Callable[[], Mapping[str, Mapping[str, str]]]) -> bool:
    try:
        steps = await access.reconcile(hub, active)
    except KontorError as error:
        log.warning("not reconciled, will try again: %s", error)
        return False
    if steps:
        log.info("%d steps made the hub as the pilots want it", steps)
    return True
