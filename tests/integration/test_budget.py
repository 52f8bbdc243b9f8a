"""A budget in the running house: counted while it is used, warned, slowed, stopped, opened again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import psutil
import pytest
from sqlalchemy import update

from kontor.clusters.client import ClusterClient
from kontor.database import now, session_factory
from kontor.pilots.budget import ledger, processes, standing
from kontor.pilots.budget.processes import Owner
from kontor.pilots.model import PilotRow
from tests.tree import Tree, Visitor, open_workspace
from tests.waiting import until

pytestmark = pytest.mark.tree

PILOT, LEAD = "battery-neutrons", "erik"
BUDGET = f"pilots/{PILOT}/budget"


@pytest.fixture
def left_as_it_was(tree: Tree) -> Iterator[None]:
    """Other tests find the pilot with plenty."""
    yield
    put(tree, credits=1_000_000.0, grace_until=None, grace_extended=False)


def put(tree: Tree, **values: object) -> None:
    """Have the database say so."""
    with session_factory(tree.site.database_url)() as session, session.begin():
        session.execute(update(PilotRow).where(PilotRow.slug == PILOT).values(**values))


def stage(tree: Tree) -> standing.BudgetStanding:
    with session_factory(tree.site.database_url)() as session:
        return standing.of(session, PILOT, tree.site.settings.budget)


def used_for(tree: Tree) -> dict[str | None, float]:
    with session_factory(tree.site.database_url)() as session:
        return {one.kind: one.credits for one in ledger.by_kind(session, PILOT)}


def set_credits(office: Visitor, credits: float) -> httpx.Response:
    """As a steward does it on the page."""
    form = office.lobby(f"{BUDGET}/credits").text
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version, form
    return office.post(
        f"{BUDGET}/credits", credits=f"{credits:.6f}", reason="A trial of the budget", version=version[1]
    )


def workspace_processes(tree: Tree) -> list[psutil.Process]:
    found = processes.running(tree.site.run)
    return [psutil.Process(one.pid) for one in found if one.owner == Owner("workspace", PILOT)]


async def test_a_budget_bites_step_by_step(tree: Tree, left_as_it_was: None) -> None:
    await open_workspace(tree, PILOT)
    assert len(workspace_processes(tree)) >= 1
    async with ClusterClient(tree.site) as clusters:
        with tree.signed_in(LEAD) as lead, tree.signed_in("henrik") as office:
            started = lead.post(f"pilots/{PILOT}/clusters", do="start", workers=2)
            assert started.status_code == 200, started.text

            async def grown() -> bool:
                return any(one.workers == 2 for one in await clusters.list(PILOT))

            await until(grown, "the cluster has its workers", seconds=120)
            await until(lambda: {"workspace", "cluster"} <= used_for(tree).keys(), "all is counted", seconds=90)
            await until(lambda: stage(tree).used > 0.004, "there is something to see", seconds=90)
            assert "GB hours of memory" in lead.lobby(BUDGET).text

            set_credits(office, stage(tree).used / 0.9)
            assert stage(tree).stage in ("warned", "grace")
            set_credits(office, stage(tree).used / 2)
            assert stage(tree).stage == "grace"
            assert "so the pilot is slowed" in lead.lobby(BUDGET).text

            async def shrunk() -> bool:
                return all(one.wanted == 1 for one in await clusters.list(PILOT))

            await until(shrunk, "the cluster has one worker", seconds=60)
            await until(lambda: all(one.nice() == 19 for one in workspace_processes(tree)), "it gives way", seconds=60)
            refused = lead.post(f"pilots/{PILOT}/clusters", do="start", workers=1)
            assert "is used up, so no cluster is started" in refused.text

            put(tree, grace_until=now() - timedelta(seconds=1))
            stopped = lead.post(f"pilots/{PILOT}/workspace")
            assert stopped.status_code == 403
            assert "computing has stopped" in lead.lobby(BUDGET).text
            more = lead.post(f"{BUDGET}/grace", hours="1", reason="One more run")
            assert "so the pilot is slowed" in more.text
            assert stage(tree).stage == "grace"

            assert set_credits(office, 1_000_000.0).status_code == 200
            assert stage(tree).stage == "fine"
            await open_workspace(tree, PILOT)
            if os.geteuid() == 0:
                await until(
                    lambda: all(one.nice() == 0 for one in workspace_processes(tree)), "it is as it was", seconds=60
                )
            await clusters.stop_all(PILOT)
