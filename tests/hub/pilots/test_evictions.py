"""What ends when somebody loses access: in which order, and that a crash anywhere in it heals in the next round.

The database is real; hub, gateway and store are a small world that remembers what was done to it, and that can die at
any of the calls made to it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from kontor.audit.model import EntryRow
from kontor.database import engine_for, now, session_factory, upgrade
from kontor.errors import Unavailable
from kontor.pilots import granted, members
from kontor.pilots.access import HubView
from kontor.pilots.evictions import Evictor
from kontor.pilots.rounds import Rounds
from tests.hub.pilots.test_granted import a_pilot, person


class Died(BaseException):
    """The process is gone; nothing in it catches this."""


class World:
    """Hub, gateway and store. `calls_left` counts down to the call at which the process dies; None: it lives."""

    def __init__(self) -> None:
        self.groups: dict[str, set[str]] = {}
        self.shares: dict[str, set[str]] = {}
        self.running: datetime | None = None
        self.clusters: dict[str, datetime] = {}
        self.policy: dict[str, int] = {}
        self.done: list[str] = []
        self.calls_left: int | None = None
        self.down: set[str] = set()

    def called(self, what: str, part: str = "hub") -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Died
        if part in self.down:
            raise Unavailable(f"{part} is down")
        self.done.append(what)

    # -- the hub

    async def groups_of_hub(self) -> list[dict[str, Any]]:
        self.called("look at groups")
        return [{"name": name, "users": sorted(users)} for name, users in self.groups.items()]

    async def shared_with(self, account: str) -> set[str]:
        self.called("look at shares")
        return set(self.shares.get(account, set()))

    async def request(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        kind, name = path.split("/")[1:3]
        self.called(f"{method} {kind}")
        match kind, method:
            case "groups", "GET":
                return httpx.Response(200, json={"users": sorted(self.groups[name])})
            case "groups", "POST" if json:
                self.groups[name] |= set(json["users"])
            case "groups", "POST":
                self.groups[name] = set()
            case "groups", "DELETE":
                self.groups[name] -= set(json["users"])
            case "shares", "POST":
                self.shares.setdefault(name, set()).add(json["user"])
            case "shares", "PATCH":
                self.shares[name].discard(json["user"])
        return httpx.Response(200, json={})

    async def user(self, _: str) -> dict[str, Any]:
        self.called("look at the server")
        started = self.running.isoformat() if self.running else None
        return {"servers": {"": {"started": started, "pending": None}} if self.running else {}}

    async def stop_server(self, _: str) -> None:
        self.called("stop the workspace")
        self.running = None

    async def start_server(self, _: str) -> bool:
        self.called("start the workspace")
        self.running = now()
        return False

    # -- gateway and store

    async def stop_older(self, since: Mapping[str, datetime]) -> int:
        self.called("stop clusters", "gateway")
        old = [name for name, started in self.clusters.items() if started < since["knee"]]
        for name in old:
            del self.clusters[name]
        return len(old)

    def set(self, generations: Mapping[str, int]) -> bool:
        self.called("set the policy", "store")
        self.policy = dict(generations)
        return True


class Hub:
    """The world, as the hub's client."""

    def __init__(self, world: World) -> None:
        self.groups = world.groups_of_hub
        self.shared_with, self.request = world.shared_with, world.request
        self.user, self.stop_server, self.start_server = world.user, world.stop_server, world.start_server


class House:
    """A pilot `knee` with a lead, an editor and a runner, everything open, and a reconciler."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions
        self.world = World()
        self.again: list[str] = []
        with sessions() as session, session.begin():
            a_pilot(session)
            self.people = {role: person(session, role) for role in ("lead", "editor", "runner", "viewer")}
            for role, name in self.people.items():
                members.add(session, "knee", name, role)

    async def begin(self) -> None:
        assert await self.life()
        self.world.running = now()
        self.world.clusters = {"one": now()}
        self.world.done.clear()

    async def life(self, calls: int | None = None) -> bool:
        """A reconciler's process that looks until nothing is to do, or dies after some calls."""
        hub: Any = Hub(self.world)
        world: Any = self.world
        self.world.calls_left = calls
        evictor = Evictor(self.sessions, hub, world, world)
        rounds = Rounds(self.sessions, HubView(hub), evictor, self.again.append)
        try:
            done = await rounds.go()
            while rounds.ending:
                await rounds.ended()
                done = await rounds.go()
            assert await evictor.tell_store() is ("store" not in self.world.down)
            assert await evictor.stop_clusters() is ("gateway" not in self.world.down)
        except Died:
            return False
        finally:
            self.world.calls_left = None
            await rounds.close()
        return done

    def remove(self, role: str) -> None:
        with self.sessions() as session, session.begin():
            members.remove(session, "knee", self.people[role])

    def change(self, role: str, to: str) -> None:
        with self.sessions() as session, session.begin():
            members.set_role(session, "knee", self.people[role], to)

    @property
    def told(self) -> list[str | None]:
        with self.sessions() as session:
            return list(session.scalars(select(EntryRow.person).where(EntryRow.action == "access_ended")))

    @property
    def generation(self) -> int:
        with self.sessions() as session:
            return granted.generation_of(session, "knee")


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("kontor.pilots.evictions._LATE", granted.timedelta(milliseconds=20))
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    upgrade(url)
    built = House(session_factory(url))
    await built.begin()
    yield built
    engine_for(url).dispose()


CASES = [
    pytest.param("editor", None, {"workspace", "clusters", "keys"}, id="an editor leaves"),
    pytest.param("editor", "viewer", {"workspace", "clusters", "keys"}, id="an editor becomes viewer"),
    pytest.param("editor", "runner", {"workspace", "keys"}, id="an editor becomes runner"),
    pytest.param("runner", None, {"clusters", "keys"}, id="a runner leaves"),
    pytest.param("viewer", None, {"keys"}, id="a viewer leaves"),
    pytest.param("viewer", "editor", set(), id="a viewer becomes editor"),
]


@pytest.mark.parametrize(("role", "to", "ends"), CASES)
async def test_what_ends(house: House, role: str, to: str | None, ends: set[str]) -> None:
    begun = house.world.running
    house.change(role, to) if to else house.remove(role)
    assert await house.life()
    ended = {
        "workspace": house.world.running != begun,
        "clusters": not house.world.clusters,
        "keys": house.generation > 0,
    }
    assert {what for what, has_ended in ended.items() if has_ended} == ends
    assert house.world.running is not None, "the others go on"
    assert house.world.policy == {"knee": house.generation}
    name = house.people[role]
    assert (name in house.world.shares["ws-knee"]) is (to == "editor")
    assert (name in house.world.groups["pilot-knee"]) is (to in ("editor", "runner"))
    assert house.told == ([name] if ends & {"workspace", "clusters"} else [])


async def test_the_order(house: House) -> None:
    house.remove("editor")
    await house.life()
    wanted = ["PATCH shares", "DELETE groups", "set the policy", "stop the workspace", "start the workspace"]
    assert [one for one in dict.fromkeys(house.world.done) if one in wanted] == wanted
    assert house.generation == 1, "keys that the others fetch meanwhile stay good"


async def test_the_workspace_fetches_no_keys_until_it_has_stopped(house: House) -> None:
    closes: list[bool] = []
    stop = house.world.stop_server

    async def look_and_stop(account: str) -> None:
        with house.sessions() as session:
            closes.append(granted.workspace_closes(session, "knee"))
        await stop(account)

    house.world.stop_server = look_and_stop  # type: ignore[method-assign]
    house.remove("editor")
    await house.life()
    with house.sessions() as session:
        assert (closes, granted.workspace_closes(session, "knee")) == ([True], False)


async def test_a_crash_after_any_call_heals(house: House) -> None:
    """Each time the process dies one call later than the time before; the next one finishes the work."""
    died = 0
    while True:
        house.change("editor", "viewer") if died % 2 else house.remove("editor")
        before, generation = len(house.told), house.generation
        finished = await house.life(calls=died)
        assert await house.life()
        assert house.people["editor"] not in house.world.shares["ws-knee"] | house.world.groups["pilot-knee"]
        assert house.world.clusters == {}
        assert house.generation > generation
        assert house.world.policy == {"knee": house.generation}
        assert len(house.told) == before + 1, f"told once, after dying at call {died}"
        if finished:
            break
        with house.sessions() as session, session.begin():
            if died % 2:
                members.set_role(session, "knee", house.people["editor"], "editor")
            else:
                members.add(session, "knee", house.people["editor"], "editor")
        await house.begin()
        died += 1
    assert died > 8


async def test_a_gateway_and_a_store_that_are_down_hold_up_nothing_else(house: House) -> None:
    house.world.down = {"gateway", "store"}
    begun = house.world.running
    house.remove("editor")
    await house.life()
    assert house.people["editor"] not in house.world.shares["ws-knee"]
    assert house.world.running not in (None, begun)
    assert house.world.clusters
    assert house.told == [house.people["editor"]]
    again = house.world.running
    house.world.down = set()
    await house.life()
    assert house.world.clusters == {}
    assert house.world.policy == {"knee": house.generation}
    assert house.world.running == again, "the workspace is not stopped a second time"


async def test_a_pilot_that_no_longer_works_is_not_started_again(house: House) -> None:
    with house.sessions() as session, session.begin():
        row = session.get_one(granted.PilotRow, "knee")
        row.state = "archived"
    await house.life()
    assert house.world.running is None
    assert house.world.clusters == {}
    assert house.world.policy == {}
    assert house.world.shares["ws-knee"] == set()
    assert "ws-knee" in house.world.groups["workspaces"]
    assert house.told == []


async def test_nothing_to_do_does_nothing(house: House) -> None:
    await house.life()
    assert not [one for one in house.world.done if not one.startswith("look") and one != "set the policy"]


async def test_what_was_read_earlier_is_never_told_later(house: House) -> None:
    """The rounds and an eviction tell the store at the same time; the first of them takes long."""
    begun, told = threading.Event(), threading.Event()
    policies: list[int] = []

    class SlowStore:
        def set(self, generations: Mapping[str, int]) -> bool:
            if not policies and not begun.is_set():
                begun.set()
                told.wait(0.3)
            policies.append(generations["knee"])
            return True

    hub: Any = Hub(house.world)
    store: Any = SlowStore()
    world: Any = house.world
    evictor = Evictor(house.sessions, hub, world, store)
    first = asyncio.create_task(evictor.tell_store())
    await asyncio.to_thread(begun.wait, 5)
    with house.sessions() as session, session.begin():
        granted.shut(session, "knee")
    await evictor.tell_store()
    await first
    assert policies == [0, 1]
