"""The client of the hub's REST API: pages are followed to the end, and refusals are told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kontor.errors import Unavailable
from kontor.hubapi import HubAPI


class Hub:
    """Answers as JupyterHub does; `people` have a share of `ws-knee`."""

    def __init__(self) -> None:
        self.people: list[str | None] = []
        self.stopping = httpx.Response(204)
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.method == "DELETE":
            return self.stopping
        if request.url.path != "/hub/api/shares/ws-knee/":
            return httpx.Response(404, json={"message": "no such user"})
        offset, limit = int(request.url.params["offset"]), min(200, int(request.url.params["limit"]))
        items = [{"user": {"name": one} if one else None} for one in self.people[offset : offset + limit]]
        more = offset + limit < len(self.people)
        following: dict[str, Any] | None = {"offset": offset + limit, "limit": limit, "url": "…"} if more else None
        return httpx.Response(200, json={"items": items, "_pagination": {"next": following}})


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def api(hub: Hub) -> AsyncIterator[HubAPI]:
    async with HubAPI("http://hub/hub/api", "token") as api:
        await api._client.aclose()
        api._client = httpx.AsyncClient(transport=httpx.MockTransport(hub))
        yield api


@pytest.mark.parametrize(("count", "questions"), [(0, 1), (1, 1), (200, 1), (201, 2), (1000, 5)])
async def test_all_pages_of_shares_are_read(hub: Hub, api: HubAPI, count: int, questions: int) -> None:
    hub.people = [f"u{number}" for number in range(count)]
    assert await api.shared_with("ws-knee") == set(hub.people)
    assert len(hub.asked) == questions


async def test_shares_with_groups_are_nobodys(hub: Hub, api: HubAPI) -> None:
    hub.people = [None, "ada"]
    assert await api.shared_with("ws-knee") == {"ada"}


async def test_a_workspace_that_is_not_there_is_shared_with_nobody(api: HubAPI) -> None:
    assert await api.shared_with("ws-lung") == set()


@pytest.mark.parametrize("status", [202, 204, 400])
async def test_stopping_a_server(hub: Hub, api: HubAPI, status: int) -> None:
    """400 is for one that does not run, or is just starting or stopping."""
    hub.stopping = httpx.Response(status)
    await api.stop_server("ws-knee")
    assert hub.asked == ["DELETE /hub/api/users/ws-knee/server"]


@pytest.mark.parametrize(
    "answer", [lambda: httpx.Response(500), lambda: httpx.Response(429, json={"message": "slow down"})]
)
async def test_a_hub_that_does_not_stop_it(hub: Hub, api: HubAPI, answer: Callable[[], httpx.Response]) -> None:
    hub.stopping = answer()
    with pytest.raises(Unavailable):
        await api.stop_server("ws-knee")
