"""Store keys and the tokens of clusters follow what people may do at this moment."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest

from kontor.database import now
from kontor.pilots import granted, members
from kontor.pilots.model import PilotRow
from tests.hub.web.house import House, account

PATH = "store/credentials/knee-mr"


async def ask(house: House, caller: str, path: str = PATH) -> httpx.Response:
    async with house.browser() as client:
        return await client.get(
            f"{house.prefix}api/{path}", headers={"Authorization": f"Bearer {house.tokens[caller]}"}
        )


async def test_keys_belong_to_the_generation_of_now(house: House) -> None:
    for _ in range(3):
        assert (await ask(house, "maja")).status_code == 200
        with house.app.state.sessions() as session, session.begin():
            granted.shut(session, "knee-mr")
            granted.shut(session, "membrane-proteins")
            granted.shut(session, "membrane-proteins")
    assert house.broker.generations == [0, 1, 2]


@pytest.mark.parametrize("caller", ["maja", "workspace"])
async def test_the_hub_is_asked_for_each_key(house: House, caller: str) -> None:
    """A token that ended with its workspace a moment ago fetches nothing more."""
    assert (await ask(house, caller)).status_code == 200
    del house.hub.owners[house.tokens[caller]]
    assert (await ask(house, caller)).status_code == 401
    assert len(house.broker.given) == 1


async def test_a_person_who_left_is_refused_at_once(house: House) -> None:
    assert (await ask(house, "jonas")).status_code == 200
    with house.app.state.sessions() as session, session.begin():
        members.remove(session, "knee-mr", account("jonas"))
    for path in (PATH, "pilots/knee-mr", "pilots/knee-mr/datasets"):
        assert (await ask(house, "jonas", path)).status_code == 403, path


async def test_in_a_read_only_pilot_keys_only_read(house: House) -> None:
    with house.app.state.sessions() as session, session.begin():
        session.get_one(PilotRow, "knee-mr").agreement_ends = date(2026, 1, 1)
    assert (await ask(house, "maja")).status_code == 200
    assert house.broker.given == [("knee-mr", "viewer", account("maja"))]
    for caller in ("workspace", "cluster"):
        assert (await ask(house, caller)).status_code == 403


async def test_a_workspace_that_has_to_stop_fetches_no_keys(house: House) -> None:
    with house.app.state.sessions() as session, session.begin():
        granted.shut(session, "knee-mr", closing=True)
        granted.shut(session, "knee-mr")
    refusal = await ask(house, "workspace")
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (403, "workspace_closing")
    assert (await ask(house, "maja")).status_code == 200, "who stays goes on"
    loss = granted.Loss("knee-mr", account("jonas"), "edit", None, works=True)
    with house.app.state.sessions() as session, session.begin():
        granted.settle(session, [loss], now=now())
    assert (await ask(house, "workspace")).status_code == 200


async def test_the_token_of_a_cluster_that_was_ended(house: House) -> None:
    assert (await ask(house, "cluster")).status_code == 200
    with house.app.state.sessions() as session, session.begin():
        granted.shut(session, "knee-mr", clusters_since=now() + timedelta(seconds=1))
    for path in (PATH, "me", "pilots", "pilots/knee-mr", "datasets/knee-mr/brain-mr"):
        answer = await ask(house, "cluster", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "cluster_ended"), path
    assert (await ask(house, "workspace")).status_code == 200, "only clusters were ended"


async def test_a_cluster_that_started_since_is_let_in(house: House) -> None:
    with house.app.state.sessions() as session, session.begin():
        granted.shut(session, "knee-mr", clusters_since=now() - timedelta(hours=1))
        granted.shut(session, "membrane-proteins", clusters_since=now() + timedelta(hours=1))
    assert (await ask(house, "cluster")).status_code == 200
