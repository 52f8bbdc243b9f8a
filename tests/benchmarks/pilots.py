"""A consortium at full size (75 pilots, 1,000 people, 20,000 entries of the log): its pages, its reconciler.

Pages are read through the real proxy by 20 readers at once with sessions of ten people who signed in at the issuer;
every reader asks again as soon as it has its answer. The stock peers are pages of the same hub, read in the same way
in the same run: its home page, which shows one server and no database of pilots, and one page of its list of users
(JSON, as many users as we have pilots), which is what its own administration shows.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kontor.database import session_factory
from kontor.hubapi import HubAPI
from kontor.pilots import access, members
from kontor.site import Site
from tests import crowd
from tests.benchmarks.table import Row, report
from tests.tree import Tree, account, resolve_localhost
from tests.waiting import until

PEOPLE = ("maja", "jonas", "anke", "kari", "lars", "greta", "erik", "tove", "ingrid", "henrik")
READERS = 20
ASKED_EACH = 25
GOAL = 100.0
FILTERS = (
    "country=DK",
    "sector=company",
    "state=active",
    "country=DE&sector=hospital",
    "text=bone",
    "technique=cryoEM",
)


@dataclass(frozen=True)
class Asker:
    """What one reader sends: where to, and who it is."""

    host: str
    port: int
    path: str
    headers: dict[str, str]

    def request(self) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        return "\r\n".join(lines).encode()


async def read_again_and_again(asker: Asker, times: int) -> list[float]:
    """Ask on one connection, each time as soon as the answer is there; milliseconds of each. Anything but 200 fails."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asker.port)
    taken = []
    try:
        for _ in range(times):
            begun = time.perf_counter()
            writer.write(asker.request())
            head = await reader.readuntil(b"\r\n\r\n")
            status, _, rest = head.decode("latin-1").partition("\r\n")
            assert " 200 " in status, f"{asker.path}: {status}"
            given = dict(line.lower().split(": ", 1) for line in rest.split("\r\n") if ": " in line)
            if "content-length" in given:
                await reader.readexactly(int(given["content-length"]))
            else:
                while size := int(await reader.readuntil(b"\r\n"), 16):
                    await reader.readexactly(size + 2)
                await reader.readuntil(b"\r\n")
            taken.append((time.perf_counter() - begun) * 1000)
    finally:
        writer.close()
    return taken


async def p95(askers: Sequence[Asker]) -> float:
    """The 95th percentile of what all readers waited, in milliseconds, after a few answers that do not count."""
    await asyncio.gather(*(read_again_and_again(one, 2) for one in askers))
    taken = await asyncio.gather(*(read_again_and_again(one, ASKED_EACH) for one in askers))
    every = sorted(one for each in taken for one in each)
    return every[int(len(every) * 0.95)]


def asker(tree: Tree, cookies: str, url: str) -> Asker:
    """A reader with somebody's cookies."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "Cookie": cookies, "Accept": "text/html", "Accept-Language": "en"}
    return Asker(parts.hostname or "", tree.site.ports.public, path, headers)


async def pages(tree: Tree) -> list[Row]:
    """The pages, and the hub's."""
    site = tree.site
    with ExitStack() as stack:
        visitors = [stack.enter_context(tree.signed_in(PEOPLE[number % len(PEOPLE)])) for number in range(READERS)]

        def cookies(number: int, url: str) -> str:
            return str(visitors[number].client.build_request("GET", url).headers.get("cookie", ""))

        async def read(addresses: Sequence[str]) -> float:
            urls = [addresses[number % len(addresses)] for number in range(READERS)]
            return await p95([asker(tree, cookies(number, url), url) for number, url in enumerate(urls)])

        for visitor in visitors:
            visitor.client.get(f"{site.public_url}/hub/home")
        home = await read([f"{site.public_url}/hub/home"])
        lobby = site.service_public_url
        found = {
            "lobby": await read([lobby]),
            "my pilots": await read([f"{lobby}pilots"]),
            "consortium": await read([f"{lobby}consortium"]),
            "consortium, six filters": await read([f"{lobby}consortium?{one}" for one in FILTERS]),
        }
    listing = await p95([users_asker(site) for _ in range(READERS)])
    stock = {"lobby": home, "consortium": listing}
    return [
        Row(f"{what}, {READERS} readers, p95", "ms", stock.get(what), ours, f"under {GOAL:.0f} ms", ours < GOAL)
        for what, ours in found.items()
    ]


def users_asker(site: Site) -> Asker:
    """A reader of the hub's list of users: one page of it, as long as our list of pilots."""
    parts = urlsplit(site.hub_api_url)
    headers = {"Host": parts.netloc, "Authorization": f"token {site.secret('reconciler-token')}"}
    return Asker(
        parts.hostname or "",
        site.ports.public,
        f"/hub/api/users?limit={crowd.PILOTS}",
        {**headers, "Host": urlsplit(site.public_url).netloc},
    )


async def fill(tree: Tree, hub: HubAPI) -> list[str]:
    """Enter the crowd, make its people known to the hub as a login does, and wait until the reconciler has followed."""
    site = tree.site
    names = await asyncio.to_thread(
        crowd.fill, session_factory(site.database_url), also=[account(one) for one in PEOPLE[:8]]
    )
    for begin in range(0, len(names), 100):
        answer = await hub.request("POST", "/users", json={"usernames": names[begin : begin + 100]})
        answer.raise_for_status()
    await reconciled(site, seconds=600)
    return names


async def reconciled(site: Site, *, seconds: float = 30.0) -> float:
    """Ask the reconciler to look, and wait until a round that began afterwards has ended well; seconds of that."""
    mark = site.run / "reconciled"

    async def once() -> float:
        before = mark.stat().st_mtime_ns
        begun = time.perf_counter()
        assert access.poke(site), "the reconciler is there"
        await until(lambda: mark.stat().st_mtime_ns != before, "the reconciler ends a round", seconds=seconds)
        return time.perf_counter() - begun

    await once()
    return await once()


async def change(tree: Tree, hub: HubAPI, name: str, *, join: bool) -> float:
    """Seconds from a committed membership change to its share in the hub."""
    slug = "crowd-00"
    sessions = session_factory(tree.site.database_url)
    begun = time.perf_counter()
    with sessions() as session, session.begin():
        if join:
            members.add(session, slug, name, "editor")
        else:
            members.remove(session, slug, name)
    access.poke(tree.site, slug)

    async def followed() -> bool:
        answer = await hub.request("GET", f"/shares/ws-{slug}/")
        return join == any(one["user"] and one["user"]["name"] == name for one in answer.json()["items"])

    await until(followed, "the hub follows", seconds=60)
    return time.perf_counter() - begun


async def worst(measure: Callable[[], Awaitable[float]], times: int) -> float:
    return max([await measure() for _ in range(times)])


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = await Tree.start(Path(folder) / "state")
        try:
            async with HubAPI(tree.site.hub_api_url, tree.site.secret("reconciler-token"), timeout=120) as hub:
                names = await fill(tree, hub)
                rows = await pages(tree)
                idle = await worst(lambda: reconciled(tree.site), 5)
                newcomer = strangers(tree.site, names)[0]
                joined = await change(tree, hub, newcomer, join=True)
                left = await change(tree, hub, newcomer, join=False)
        finally:
            await tree.stop()
    rows += [
        Row("full reconcile with nothing to do, worst of 5", "s", None, idle, "under 1 s", idle < 1),
        Row("joining a pilot, to the hub's share", "s", None, joined, "under 1 s", joined < 1),
        Row("leaving a pilot, to the hub's share", "s", None, left, "under 1 s", left < 1),
    ]
    report("pilots", rows)


def strangers(site: Site, names: Sequence[str]) -> list[str]:
    """People of the crowd who are not in the pilot that is changed."""
    with session_factory(site.database_url)() as session:
        inside = {one.person for one in members.of(session, "crowd-00")}
    return [name for name in names if name not in inside]


if __name__ == "__main__":
    resolve_localhost()
    asyncio.run(main())
