"""Clusters of a pilot whose budget is used up: refused with a sentence that says what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from kontor.clusters.budget import REMEMBERED, Budgets, most_wanted
from kontor.database import session_factory, upgrade
from kontor.pilots import store
from kontor.pilots.budget import ledger
from kontor.pilots.budget.ledger import Use
from kontor.pilots.budget.prices import Amount, Prices
from kontor.settings import Settings
from kontor.site import Ports, Site
from tests.hub.clusters.conftest import RunningGateway


def fill(site: Site, *, credits: float) -> None:
    """A pilot `one` that has used one core hour."""
    upgrade(site.database_url)
    pilot = store.Pilot(
        slug="one",
        title="One",
        question="?",
        class_="open",
        state="active",
        technique=None,
        facility=None,
        notebook=None,
        starts=date(2026, 1, 1),
        ends=None,
        credits=credits,
    )
    with session_factory(site.database_url)() as session, session.begin():
        store.create(session, pilot)
        use = Use("one", "cluster", "", Amount(core_seconds=3600.0))
        ledger.add(session, [use], Prices.of(site.settings.budget), now=datetime.now(UTC))


def set_credits(site: Site, credits: float) -> None:
    with session_factory(site.database_url)() as session, session.begin():
        session.get_one(store.PilotRow, "one").credits = credits


@pytest.mark.parametrize(
    ("message", "most"),
    [
        ({"op": "scale", "count": 3}, 3),
        ({"op": "scale", "count": "three"}, "three"),
        ({"op": "adapt", "active": True, "minimum": 0, "maximum": 2}, 2),
        ({"op": "adapt", "active": True, "minimum": 0, "maximum": None}, 2**63 - 1),
        ({"op": "adapt", "active": False, "minimum": None, "maximum": None}, 0),
        ({"op": "close"}, 0),
    ],
)
def test_the_most_that_a_wish_leads_to(message: dict[str, Any], most: object) -> None:
    assert most_wanted(message) == most


async def test_a_used_up_budget_is_seen_within_seconds(tmp_path: Path) -> None:
    site = Site(tmp_path, Settings(), Ports.choose(8000), tmp_path)
    fill(site, credits=2.0)
    clock = 0.0
    budgets = Budgets(site, lambda: clock)
    assert await budgets.refuse_cluster("one") is None
    assert await budgets.refuse_cluster("no-such-pilot") is None
    set_credits(site, 1.0)
    assert await budgets.refuse_cluster("one") is None
    clock += REMEMBERED + 0.1
    assert "budget of the pilot one is used up" in (await budgets.refuse_cluster("one") or "")
    for wanted in (0, 1, "two", None):
        assert await budgets.refuse_workers("one", wanted) is None
    assert "at most 1 worker" in (await budgets.refuse_workers("one", 2) or "")


async def test_a_database_that_cannot_be_asked_holds_nobody_up(tmp_path: Path) -> None:
    site = Site(tmp_path, Settings(), Ports.choose(8000), tmp_path)
    assert await Budgets(site).refuse_cluster("one") is None


def test_the_gateway_refuses_while_the_budget_is_used_up(own_gateway: RunningGateway) -> None:
    fill(own_gateway.site, credits=10.0)
    name = own_gateway.start("ada-token", pilot="one", workers=0)
    own_gateway.wait_running("ada-token", name)
    set_credits(own_gateway.site, 0.5)

    def scale(count: int) -> tuple[int, str]:
        answer = own_gateway.request("POST", f"/api/v1/clusters/{name}/scale", "ada-token", json={"count": count})
        return answer.status_code, answer.text

    own_gateway.wait_for(lambda: scale(2)[0] == 409, "more than one worker is refused")
    assert "at most 1 worker" in scale(2)[1]
    assert scale(1)[0] < 300
    grown = own_gateway.request(
        "POST", f"/api/v1/clusters/{name}/adapt", "ada-token", json={"minimum": 0, "maximum": None, "active": True}
    )
    assert (grown.status_code, "used up" in grown.text) == (409, True)
    another = own_gateway.request(
        "POST", "/api/v1/clusters/", "lobby-token", json={"cluster_options": {"pilot": "one", "workers": 0}}
    )
    assert (another.status_code, "no cluster is started" in another.text) == (422, True)
    set_credits(own_gateway.site, 10.0)
    own_gateway.wait_for(lambda: scale(2)[0] < 300, "with budget again it may grow")
