"""Who is where: told by workspaces of their own members, remembered for half a minute."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontor.pilots.model import PilotRow
from kontor.pilots.presence import Presence
from tests.hub.web.house import House, account


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("seconds", "there"), [(0.0, True), (30.0, True), (30.1, False)])
def test_memory_lasts_half_a_minute(seconds: float, there: bool) -> None:
    clock = Clock()
    presence = Presence(clock)
    presence.heard("knee-mr", [account("maja")])
    clock.now = seconds
    assert presence.here("knee-mr") == ({account("maja")} if there else set())
    assert presence.here("other") == set()


async def tell(house: House, caller: str | None, content: Any) -> int:
    async with house.browser() as client:
        headers = {"Authorization": f"Bearer {house.tokens[caller]}"} if caller else {}
        answer = await client.put(f"{house.prefix}api/presence", headers=headers, json=content)
    return answer.status_code


def here(house: House) -> set[str]:
    presence: Presence = house.app.state.presence
    return presence.here("knee-mr")


async def test_a_workspace_tells_of_its_members_only(house: House) -> None:
    people = [account("maja"), account("erik"), "ws-knee-mr", "<b>"]
    assert await tell(house, "workspace", {"people": [{"name": name, "documents": 1} for name in people]}) == 200
    assert here(house) == {account("maja")}
    assert await tell(house, "workspace", {"people": []}) == 200
    assert here(house) == set()


@pytest.mark.parametrize(("caller", "status"), [(None, 401), ("maja", 403), ("cluster", 403)])
async def test_nobody_else_tells(house: House, caller: str | None, status: int) -> None:
    assert await tell(house, caller, {"people": [{"name": account("maja"), "documents": 1}]}) == status
    assert here(house) == set()


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"people": None},
        {"people": [{"name": 5, "documents": 1}]},
        {"people": [{"name": "x"}]},
        {"people": [{"name": "x", "documents": -1}]},
        {"people": [{"name": "x", "documents": 1, "mood": "good"}]},
        {"people": [{"name": "x", "documents": 1}] * 501},
    ],
    ids=lambda content: repr(content)[:40],
)
async def test_what_makes_no_sense_is_refused(house: House, content: Any) -> None:
    assert await tell(house, "workspace", content) == 422


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, ["maja", "jonas"]),
        ({"agreement_ends": date(2026, 1, 1)}, []),
        ({"state": "closing"}, []),
        ({"state": "archived"}, []),
    ],
    ids=repr,
)
async def test_the_answer_says_who_may_be_there(house: House, change: dict[str, Any], names: list[str]) -> None:
    """Editors and leads, while the pilot works; the runner of this pilot may not."""
    with house.app.state.sessions() as session, session.begin():
        row = session.get_one(PilotRow, "knee-mr")
        for key, value in change.items():
            setattr(row, key, value)
    async with house.browser() as client:
        headers = {"Authorization": f"Bearer {house.tokens['workspace']}"}
        answer = await client.put(f"{house.prefix}api/presence", headers=headers, json={"people": []})
    assert answer.json() == {"may_be_here": sorted(account(name) for name in names)}
