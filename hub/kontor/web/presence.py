"""Who is in which workspace now.

The service asks every running workspace every ten seconds, with its own token, and remembers the answer for half
a minute. Nothing is written down: there is no history of who was where, and no counting of minutes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from time import monotonic
from typing import Any

import httpx

from kontor import names
from kontor.errors import KontorError
from kontor.hubapi import HubAPI
from kontor.site import Site

log = logging.getLogger("kontor.presence")

INTERVAL = 10.0
REMEMBERED = 30.0
_AT_ONCE = 4


class Presence:
    """Memory of who is where.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, frozenset[str]]] = {}

    def here(self, slug: str) -> set[str]:
        """Account names of the people in a pilot's workspace, as last heard within half a minute."""
        heard, people = self._seen.get(slug, (float("-inf"), frozenset()))
        return set(people) if self._clock() - heard <= REMEMBERED else set()

    def heard(self, slug: str, people: Iterable[str]) -> None:
        """Remember an answer."""
        self._seen[slug] = (self._clock(), frozenset(name for name in people if names.is_person(name)))

    def empty(self, slug: str) -> None:
        """Remember that the workspace does not run."""
        self._seen.pop(slug, None)


class Rounds:
    """Asks the workspaces, round after round.

    Parameters
    ----------
    presence : Presence
        Where the answers go.
    active : callable
        Slugs of the active pilots; called in a thread.
    """

    def __init__(self, site: Site, hub: HubAPI, presence: Presence, active: Callable[[], Iterable[str]]) -> None:
        self._site = site
        self._hub = hub
        self._presence = presence
        self._active = active
        self._token = site.secret("service-token")
        self._client = httpx.AsyncClient(base_url=_front_door(site), timeout=5.0, trust_env=False)

    async def run(self) -> None:
        """Ask until cancelled. A workspace that does not answer is asked again in the next round."""
        limit = asyncio.Semaphore(_AT_ONCE)
        async with self._client:
            while True:
                try:
                    slugs = await asyncio.to_thread(lambda: list(self._active()))
                    await asyncio.gather(*(self._quietly(slug, limit) for slug in slugs))
                except Exception:
                    log.exception("a round of asking who is where failed")
                await asyncio.sleep(INTERVAL)

    async def _quietly(self, slug: str, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                await self.ask(slug)
            except (KontorError, httpx.HTTPError, ValueError) as error:
                log.debug("workspace of %s was not asked: %s", slug, error)

    async def ask(self, slug: str) -> None:
        """Ask one workspace who is there, if it runs."""
        account = names.workspace_account(slug)
        model = await self._hub.user(account)
        server = ((model or {}).get("servers") or {}).get("")
        if not (server and server.get("ready")):
            self._presence.empty(slug)
            return
        host = httpx.URL(self._site.public_url_of(account)).netloc.decode("ascii")
        answer = await self._client.get(
            f"/user/{account}/kontor/presence", headers={"Host": host, "Authorization": f"token {self._token}"}
        )
        if answer.is_success:
            self._presence.heard(slug, people_in(answer.json()))


def people_in(answer: Any) -> list[str]:
    """Account names in a workspace's answer. Its processes are not ours, so anything unexpected counts as nobody."""
    people = answer.get("people") if isinstance(answer, dict) else None
    if not isinstance(people, list):
        return []
    return [one["name"] for one in people[:500] if isinstance(one, dict) and isinstance(one.get("name"), str)]


def _front_door(site: Site) -> str:
    """The public proxy, by number: names below `localhost` are known to browsers and not to this process."""
    address = ip_address(site.settings.server.address)
    host = ("[::1]" if address.version == 6 else "127.0.0.1") if address.is_unspecified else str(address)
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{site.ports.public}"
