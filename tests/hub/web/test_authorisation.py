"""Who may do what, beside the table of every route: what a refusal says, and when access ends."""

from __future__ import annotations

import pytest

from kontor.pilots import members
from tests.hub.web.house import House, account


@pytest.mark.parametrize("path", ["workspace", "workspace/opening"])
async def test_who_may_not_edit_is_told_why_and_starts_nothing(house: House, path: str) -> None:
    async with house.browser("anke") as client:
        answer = await client.get(f"{house.prefix}pilots/knee-mr/{path}")
    assert answer.status_code == 403
    assert "Your role here is runner" in answer.text
    assert house.hub.started == []


async def test_leaving_ends_access_with_the_next_request(house: House) -> None:
    with house.session() as session, session.begin():
        members.remove(session, "knee-mr", account("maja"))
    async with house.browser("maja") as client:
        token = {"Authorization": house.tokens["maja"]}
        assert (await client.get(f"{house.prefix}pilots/knee-mr")).status_code == 403
        assert (await client.get(f"{house.prefix}api/store/credentials/knee-mr", headers=token)).status_code == 403


@pytest.mark.parametrize("address", ["pilots/long-ago/datasets", "store/credentials/long-ago"])
async def test_the_refusal_of_an_archived_pilot_has_a_code(house: House, address: str) -> None:
    async with house.browser("maja") as client:
        headers = {"Authorization": house.tokens["maja"]}
        answer = await client.get(f"{house.prefix}api/{address}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "pilot_not_active")


@pytest.mark.parametrize(
    ("persona", "keys"), [("anke", {"battery-neutrons"}), ("erik", {"battery-neutrons"}), ("jonas", set())]
)
async def test_keys_are_for_the_pilots_that_one_is_in(house: House, persona: str, keys: set[str]) -> None:
    headers = {"Authorization": f"Bearer {house.tokens[persona]}"}
    async with house.browser() as client:
        for pilot in ("battery-neutrons", "sepsis-proteome"):
            answer = await client.get(f"{house.prefix}api/store/credentials/{pilot}", headers=headers)
            assert answer.status_code == (200 if pilot in keys else 403), pilot
    assert {pilot for pilot, _role, _caller in house.broker.given} == keys
