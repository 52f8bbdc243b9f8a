"""Opening a workspace, from every state it can be in."""

from __future__ import annotations

from typing import Any

import pytest

from kontor.audit import trail
from kontor.audit.actions import NEWS
from tests.hub.web.house import House, account

OPEN = {"ready": True, "pending": None}
OPENING = {"ready": False, "pending": "spawn"}
CLOSING = {"ready": True, "pending": "stop"}


def lab(house: House, person: str = "jonas") -> str:
    return f"{house.site.public_url_of('ws-knee-mr')}/user/ws-knee-mr/lab/workspaces/{account(person)}"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_closed_workspace_is_started_and_awaited(house: House, method: str) -> None:
    async with house.browser("jonas") as client:
        answer = await client.request(
            method, f"{house.prefix}pilots/knee-mr/workspace", headers={"Origin": house.origin}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{house.prefix}pilots/knee-mr/workspace/opening"
        waiting = await client.get(answer.headers["location"])
        assert "Opening the workspace" in waiting.text
        assert '<noscript><meta http-equiv="refresh"' in waiting.text
        assert "was=" not in waiting.text
        fragment = await client.get(f"{house.prefix}fragments/pilots/knee-mr/opening")
        assert "hx-trigger" in fragment.text
        house.hub.servers["ws-knee-mr"] = OPEN
        fragment = await client.get(f"{house.prefix}fragments/pilots/knee-mr/opening")
        assert (fragment.status_code, fragment.headers["hx-redirect"]) == (200, lab(house))
        assert (await client.get(answer.headers["location"])).headers["location"] == lab(house)
    assert house.hub.started == ["ws-knee-mr"]
    with house.session() as session:
        assert trail.latest(session, ["knee-mr"], actions=NEWS)[0].action == "workspace_opened"


async def test_an_open_workspace_is_entered_at_once(house: House) -> None:
    house.hub.servers["ws-knee-mr"] = OPEN
    async with house.browser("maja") as client:
        answer = await client.get(f"{house.prefix}pilots/knee-mr/workspace")
    assert (answer.status_code, answer.headers["location"]) == (303, lab(house, "maja"))
    assert house.hub.started == []


@pytest.mark.parametrize(
    ("server", "chip", "goes_on"),
    [
        pytest.param(OPENING, ">opening<", True, id="opening"),
        pytest.param(CLOSING, ">shutting down<", True, id="closing"),
        pytest.param(None, "closed, opens in seconds", False, id="closed, so the start failed"),
    ],
)
async def test_how_it_goes_is_told(house: House, server: dict[str, Any] | None, chip: str, goes_on: bool) -> None:
    house.hub.servers["ws-knee-mr"] = server
    async with house.browser("maja") as client:
        text = (await client.get(f"{house.prefix}pilots/knee-mr/workspace/opening")).text
        assert ("every 1s" in text, "That did not work" in text) == (goes_on, not goes_on)
        assert chip in (await client.get(f"{house.prefix}pilots/knee-mr")).text


@pytest.mark.parametrize("address", ["pilots/knee-mr/workspace/opening", "fragments/pilots/knee-mr/opening"])
async def test_a_workspace_that_was_just_closing_is_started_again(house: House, address: str) -> None:
    """As after a member was removed: the others come back while it still closes."""
    house.hub.servers["ws-knee-mr"] = CLOSING
    async with house.browser("maja") as client:
        waits = (await client.get(house.prefix + address)).text
        assert f"{house.prefix}{address}?was=closing" in waits
        house.hub.servers["ws-knee-mr"] = None
        assert "That did not work" not in (await client.get(f"{house.prefix}{address}?was=closing")).text
    assert house.hub.started == ["ws-knee-mr"]


async def test_a_workspace_that_is_not_made_yet_is_explained(house: House) -> None:
    del house.hub.servers["ws-knee-mr"]
    async with house.browser("maja") as client:
        answer = await client.post(f"{house.prefix}pilots/knee-mr/workspace", headers={"Origin": house.origin})
        assert (answer.status_code, "still being prepared" in answer.text) == (503, True)
        assert "being prepared" in (await client.get(f"{house.prefix}pilots/knee-mr")).text


async def test_without_the_hub_the_page_says_so(house: House) -> None:
    async with house.browser("maja") as client:
        await client.get(house.prefix)
        house.hub.broken = True
        assert "cannot be asked right now" in (await client.get(f"{house.prefix}pilots/knee-mr")).text
        answer = await client.post(f"{house.prefix}pilots/knee-mr/workspace", headers={"Origin": house.origin})
    assert (answer.status_code, "could not do this" in answer.text) == (503, True)


async def test_an_unknown_pilot_is_a_plain_404(house: House) -> None:
    async with house.browser("maja") as client:
        for path in ("pilots/nowhere", "pilots/nowhere/workspace", "pilots/%3Cb%3E", "fragments/pilots/x/clusters"):
            answer = await client.get(house.prefix + path)
            assert answer.status_code == 404, path
            assert "<b>" not in answer.text


async def test_somebody_whom_the_hub_does_not_let_in_yet_waits(house: House) -> None:
    """The share is made a moment after the first sign-in; until then the hub would answer 403."""
    house.hub.servers["ws-knee-mr"] = dict(OPEN)
    house.hub.shut_out = {account("maja")}
    async with house.browser("maja") as client:
        fragment = await client.get(f"{house.prefix}fragments/pilots/knee-mr/opening")
        assert "HX-Redirect" not in fragment.headers
        assert "moves on by itself" in fragment.text
        house.hub.shut_out = set()
        fragment = await client.get(f"{house.prefix}fragments/pilots/knee-mr/opening")
        assert fragment.headers["HX-Redirect"] == lab(house, "maja")
