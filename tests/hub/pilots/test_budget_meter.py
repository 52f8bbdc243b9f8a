"""What the meter counts: real processes, folders and a database; clusters and the clock are given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kontor.clusters.client import ClusterInfo
from kontor.database import session_factory, upgrade
from kontor.errors import Unavailable
from kontor.pilots import presence, store
from kontor.pilots.budget import ledger, processes, standing, storage
from kontor.pilots.budget.counting import Held, Seen, uses
from kontor.pilots.budget.meter import Meter
from kontor.pilots.budget.processes import Counter, Owner
from kontor.pilots.model import MeterRow
from kontor.pilots.presence import Presence
from kontor.settings import Settings
from kontor.site import Ports, Site
from tests.waiting import until

NOON = datetime(2026, 6, 3, 12, 20, tzinfo=UTC)
SETTINGS = Settings.parse({"budget": {"count_seconds": 10}, "clusters": {"worker_threads": 2, "worker_memory": "1 G"}})
ADA, BEN = "u" + "a" * 24, "u" + "b" * 24
BURN = "import os, sys\nwhile sum(os.times()[:2]) < {seconds}: pass\n"


@dataclass
class Clusters:
    """A gateway that remembers."""

    running: list[ClusterInfo] = field(default_factory=list)
    scaled: list[tuple[str, str, int]] = field(default_factory=list)
    broken: bool = False

    async def list(self, pilot: str | None = None) -> list[ClusterInfo]:
        if self.broken:
            raise Unavailable("gone")
        return self.running

    async def scale(self, pilot: str, name: str, workers: int) -> None:
        self.scaled.append((pilot, name, workers))


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def a_cluster(pilot: str = "one", **values: object) -> ClusterInfo:
    given = {"name": "c1", "status": "running", "workers": 3, "wanted": 3, "started_by": ADA, "started_at": NOON}
    return ClusterInfo(pilot=pilot, ends_at=NOON, **{**given, **values})  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path, SETTINGS, Ports.choose(8000), tmp_path / "sockets")
    site.run.mkdir()
    upgrade(site.database_url)
    with session_factory(site.database_url)() as session, session.begin():
        for slug in ("one", "two"):
            store.create(
                session,
                store.Pilot(
                    slug=slug,
                    title=slug,
                    question="?",
                    class_="open",
                    state="active",
                    technique=None,
                    facility=None,
                    notebook=None,
                    starts=date(2026, 6, 1),
                    ends=None,
                    credits=100.0,
                ),
            )
    return site


@pytest.fixture
def lab(site: Site) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process as a pilot's lab is started: with the path of its token."""
    started: list[subprocess.Popen[bytes]] = []

    def start(slug: str, code: str) -> subprocess.Popen[bytes]:
        token = site.run / "labs" / f"ws-{slug}" / "token"
        one = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "KONTOR_TOKEN_FILE": str(token)},
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(one)
        return one

    yield start
    for one in started:
        os.killpg(one.pid, signal.SIGKILL)
        one.communicate()


def used(site: Site, slug: str = "one") -> dict[tuple[str | None, str | None], float]:
    """Core seconds by kind and person."""
    with session_factory(site.database_url)() as session:
        found = ledger.lines(session, slug, people=True)
    return {(one.kind, one.person): one.amount.core_seconds for one in found}


# -- whose process it is


@pytest.mark.parametrize(
    ("token", "owner"),
    [
        ("labs/ws-one/token", Owner("workspace", "one")),
        ("clusters/abc/token", Owner("cluster", "abc")),
        (f"labs/{ADA}/token", None),
        ("labs/ws-one/other", None),
        ("labs/ws-one/tmp/token", None),
        ("labs/../token", None),
        ("clusters/../token", None),
        ("labs/ws-One!/token", None),
        ("token", None),
        ("../other/run/labs/ws-one/token", None),
    ],
)
def test_owner_of_a_token(token: str, owner: Owner | None) -> None:
    assert processes.owner_of(f"/state/run/{token}", Path("/state/run")) == owner


async def test_processes_are_found_by_lab_and_installation(
    site: Site, lab: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """Children that dropped the mark are the lab's; labs of another installation on this machine are not ours."""
    child = (
        "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', 'input()'], env={}, stdin=-1);"
        "print(c.pid, flush=True); c.wait()"
    )
    parent = lab("one", child)
    assert parent.stdout
    below = int(parent.stdout.readline())
    await until(lambda: _exec_done(below), "the child runs its own program")
    found = {one.pid: one.owner for one in processes.running(site.run)}
    assert found == {parent.pid: Owner("workspace", "one"), below: Owner("workspace", "one")}
    assert processes.running(site.state / "elsewhere" / "run") == []
    assert processes.memory(parent.pid) > 1_000_000
    assert processes.memory(2**22 + 5) == 0


def _exec_done(pid: int) -> bool:
    return b"KONTOR_TOKEN_FILE" not in Path(f"/proc/{pid}/environ").read_bytes()


# -- from what is seen to what is used


def test_what_a_workspace_uses_is_shared_among_those_in_it() -> None:
    seen = Seen(
        NOON + timedelta(seconds=10),
        counters={"a": Counter(8.0, 0.0, "", "one")},
        held=[Held("one", 2_000_000_000, 600.0), Held("one", 1_000_000_000, 4.0)],
        present={"one": frozenset({ADA, BEN})},
    )
    found = uses({"a": Counter(2.0, 0.0, "", "one")}, NOON, seen, SETTINGS)
    assert [(one.kind, one.person) for one in found] == [("workspace", ADA), ("workspace", BEN)]
    assert found[0].amount.core_seconds == 3.0
    assert found[0].amount.memory_gb_seconds == pytest.approx((20 + 4) / 2)


@pytest.mark.parametrize(("started_by", "people"), [(ADA, [ADA]), ("ws-one", [BEN]), ("service:lobby", [BEN])])
def test_a_cluster_is_whose_it_was_started_by(started_by: str, people: list[str]) -> None:
    seen = Seen(
        NOON + timedelta(seconds=10), clusters=[a_cluster(started_by=started_by)], present={"one": frozenset({BEN})}
    )
    found = uses({}, NOON, seen, SETTINGS)
    assert [(one.kind, one.person) for one in found] == [("cluster", person) for person in people]
    assert found[0].amount.core_seconds == 3 * 2 * 10


@pytest.mark.parametrize(
    ("seconds", "counted"),
    [(10.0, 10.0), (40.0, 40.0), (3600.0, 40.0), (0.0, 0.0), (-500.0, 0.0)],
    ids=["usual", "late", "nobody watched", "at once", "the clock was set back"],
)
def test_nobody_is_charged_for_time_that_nobody_watched(seconds: float, counted: float) -> None:
    seen = Seen(NOON + timedelta(seconds=seconds), stored={"one": 5_000_000_000})
    found = uses({}, NOON, seen, SETTINGS)
    assert sum(one.amount.storage_gb_seconds for one in found) == pytest.approx(5 * counted)


def test_a_cluster_is_not_counted_before_it_was_started() -> None:
    young = a_cluster(started_at=NOON + timedelta(seconds=7), workers=1)
    found = uses({}, NOON, Seen(NOON + timedelta(seconds=10), clusters=[young]), SETTINGS)
    assert found[0].amount.core_seconds == pytest.approx(2 * 3)


# -- the meter


async def test_a_lab_is_counted_once_whatever_ends_meanwhile(
    site: Site, lab: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """Every second of processor time is in the ledger once: of the lab, and of children that came and went."""
    clock, clusters = Clock(), Clusters()
    await Meter(site, clusters, clock=clock).look()
    code = (
        "import os, subprocess, sys\n"
        f"burn = {BURN.format(seconds=0.4)!r}\n"
        "for line in sys.stdin:\n"
        "    subprocess.run([sys.executable, '-c', burn])\n"
        "    print(sum(os.times()[:4]), flush=True)\n"
    )
    one = lab("one", code)
    assert one.stdin
    assert one.stdout
    spent = 0.0
    for _ in range(3):
        one.stdin.write(b"go\n")
        one.stdin.flush()
        spent = float(one.stdout.readline())
        clock.wait(10)
        await Meter(site, clusters, clock=clock).look()
    counted = used(site)[("workspace", "")]
    assert spent >= 1.2
    assert counted == pytest.approx(spent, abs=0.15)
    clock.wait(10)
    await Meter(site, clusters, clock=clock).look()
    assert used(site)[("workspace", "")] == pytest.approx(counted, abs=0.05)


async def test_who_is_there_is_what_the_workspace_told(site: Site, lab: Callable[..., subprocess.Popen[bytes]]) -> None:
    Presence(folder=presence.folder_of(site)).heard("one", {ADA, "ws-one"})
    heard = (presence.folder_of(site) / "one").stat().st_mtime
    clock = Clock(datetime.fromtimestamp(heard, UTC))
    meter = Meter(site, Clusters(), clock=clock)
    await meter.look()
    busy = lab("one", BURN.format(seconds=0.3) + "print('done', flush=True)\ninput()")
    assert busy.stdout
    busy.stdout.readline()
    clock.wait(5)
    await meter.look()
    assert set(used(site)) == {("workspace", ADA)}
    assert presence.told(presence.folder_of(site), "one", clock.now + timedelta(minutes=1)) == frozenset()
    assert presence.told(presence.folder_of(site), "two", clock.now) == frozenset()


async def test_two_meters_count_once(site: Site) -> None:
    """A count that begins where another one already went on from is not written."""
    clock, clusters = Clock(), Clusters([a_cluster()])
    first, second = Meter(site, clusters, clock=clock), Meter(site, clusters, clock=clock)
    await first.look()
    clock.wait(10)
    with session_factory(site.database_url)() as session, session.begin():
        begins = NOON, Seen(clock.now)
        assert first._begin(session, *begins)
        assert not second._begin(session, *begins)
    await second.look()
    assert used(site) == {}
    clock.wait(10)
    await first.look()
    assert used(site) == {("cluster", ADA): pytest.approx(60.0)}


KILLED = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from kontor.pilots.budget.meter import Meter
from kontor.site import Site
from tests.hub.pilots.test_budget_meter import Clusters, a_cluster
now = iter(range(int(sys.argv[2]), 10**12))
clock = lambda: datetime.fromtimestamp(next(now), UTC)
async def main():
    clusters = Clusters([a_cluster(started_at=datetime(2026, 1, 1, tzinfo=UTC))])
    meter = Meter(Site.load(Path(sys.argv[1])), clusters, clock=clock)
    while True:
        await meter.look()
        print("looked", flush=True)
asyncio.run(main())
"""


async def test_killed_at_any_moment_nothing_is_counted_twice(site: Site, tmp_path: Path) -> None:
    """However often it dies: what is in the ledger is what lies between the first and the last count, never more."""
    site.save()
    begin = int(NOON.timestamp())
    for number in range(3):
        with session_factory(site.database_url)() as session:
            row = session.get(MeterRow, "compute")
            start = int(row.counted.timestamp()) if row else begin
        one = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(site.state), str(start)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        assert one.stdout
        for _ in range(1 + number):
            assert one.stdout.readline() == b"looked\n"
        one.send_signal(signal.SIGKILL)
        one.communicate()
    with session_factory(site.database_url)() as session:
        row = session.get(MeterRow, "compute")
        passed = row.counted.timestamp() - begin
        assert json.loads(row.counters) == {}
        total = standing.of(session, "one", SETTINGS.budget).used
        lines = ledger.total(ledger.by_kind(session, "one"))
    assert passed > 5
    assert lines.amount.core_seconds <= 6 * passed
    assert lines.amount.core_seconds >= 6 * (passed - 20)
    assert total == pytest.approx(lines.credits)


async def test_a_used_up_pilot_is_slowed_and_comes_back(
    site: Site, lab: Callable[..., subprocess.Popen[bytes]]
) -> None:
    threads = (
        "import threading, sys; threading.Thread(target=input, daemon=True).start();"
        "print(1, flush=True); sys.stdin.read()"
    )
    slow, other = lab("one", threads), lab("two", threads)
    assert slow.stdout
    slow.stdout.readline()
    clock, clusters = Clock(), Clusters([a_cluster(), a_cluster("two", name="c2"), a_cluster(name="c3", wanted=1)])
    meter = Meter(site, clusters, clock=clock)
    await meter.look()
    assert clusters.scaled == []
    with session_factory(site.database_url)() as session, session.begin():
        session.get_one(store.PilotRow, "one").credits = 0.001
    clock.wait(10)
    changes = await meter.look()
    assert [(one.pilot, one.after) for one in changes] == [("one", "grace")]
    assert clusters.scaled == [("one", "c1", 1)]
    tasks = [int(task.name) for task in Path(f"/proc/{slow.pid}/task").iterdir()]
    assert len(tasks) == 2
    assert {os.getpriority(os.PRIO_PROCESS, task) for task in tasks} == {19}
    assert os.getpriority(os.PRIO_PROCESS, other.pid) == 0
    with session_factory(site.database_url)() as session, session.begin():
        session.get_one(store.PilotRow, "one").credits = 1000.0
    clock.wait(10)
    assert [one.after for one in await meter.look()] == ["fine"]
    if os.geteuid() == 0:
        assert os.getpriority(os.PRIO_PROCESS, slow.pid) == 0


async def test_without_the_gateway_the_rest_is_counted(site: Site) -> None:
    clock, clusters = Clock(), Clusters(broken=True)
    meter = Meter(site, clusters, clock=clock)
    meter.stored.folders = {"one": 10**9, "gone": 10**9}
    await meter.look()
    clock.wait(10)
    await meter.look()
    with session_factory(site.database_url)() as session:
        [line] = ledger.by_kind(session, "one")
    assert (line.kind, line.amount.storage_gb_seconds) == ("storage", pytest.approx(10.0))


# -- storage


class Store:
    """Pages of objects, as the S3 client gives them."""

    def get_paginator(self, name: str) -> Store:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, list[dict[str, int]]]]:
        sizes = {"raw/one/": [5, 6], "scratch/one/": [7]}.get(Prefix, [])
        return [{"Contents": [{"Size": size}]} for size in sizes] + [{}]


def test_objects_of_a_pilot_are_those_below_its_prefixes(site: Site) -> None:
    assert storage.object_bytes(Store(), "one") == 18
    assert storage.object_bytes(Store(), "on") == 0
    meter = Meter(site, Clusters())
    meter.measure_objects(Store())
    (site.pilot_folders / "one").mkdir(parents=True)
    (site.pilot_folders / "one" / "file").write_bytes(os.urandom(100_000))
    meter.measure_folders()
    assert meter.stored.together()["one"] >= 100_018
    assert meter.stored.together()["two"] == 0
