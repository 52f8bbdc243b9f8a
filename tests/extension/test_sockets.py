"""Sockets of people who may not be in the workspace any more: closed, of whatever kind; those of others stay open."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from tornado.websocket import WebSocketHandler

from kontor_lab import sockets
from kontor_lab.presence import QUICK_HEARTBEAT
from kontor_lab.sockets import NOT_A_MEMBER, Sockets
from tests.extension.lab import Lab
from tests.extension.standin import MAJA, MAJA_NAME, StandIn


async def _paths(lab: Lab, notebook: str) -> dict[str, str]:
    _, session = await lab.ask(
        "PUT", f"api/collaboration/session/{notebook}", content={"format": "json", "type": "notebook"}
    )
    _, kernel = await lab.ask("POST", "api/kernels", content={"name": "python3"})
    _, terminal = await lab.ask("POST", "api/terminals", content={})
    return {
        "document": f"api/collaboration/room/json:notebook:{session['fileId']}?sessionId={session['sessionId']}",
        "kernel": f"api/kernels/{kernel['id']}/channels",
        "terminal": f"terminals/websocket/{terminal['name']}",
        "events": "api/events/subscribe",
    }


async def _closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async for _ in socket:
        pass
    return socket.close_code


async def test_every_kind_of_socket_is_closed(lab: Lab, notebook: str, standin: StandIn) -> None:
    paths = await _paths(lab, notebook)
    async with aiohttp.ClientSession(headers={"Authorization": f"token {MAJA}"}) as client:
        opened = {what: await client.ws_connect(lab.url + path) for what, path in paths.items()}
        waiting = {what: asyncio.create_task(_closed(one)) for what, one in opened.items()}
        done, _ = await asyncio.wait(waiting.values(), timeout=QUICK_HEARTBEAT + 1)
        assert not done, "a member's sockets stay open"
        standin.answers["PUT", "/api/presence"] = (200, {"may_be_here": ["u" + "x" * 24]})
        async with asyncio.timeout(QUICK_HEARTBEAT + 2):
            codes = {what: await task for what, task in waiting.items()}
    assert codes == dict.fromkeys(paths, NOT_A_MEMBER)
    async with aiohttp.ClientSession(headers={"Authorization": f"token {MAJA}"}) as client:
        again = await client.ws_connect(lab.url + paths["events"])
        async with asyncio.timeout(2):
            assert await _closed(again) == NOT_A_MEMBER, "at once, without waiting for the next heartbeat"


@pytest.mark.parametrize(("status", "answer"), [(503, None), (200, {"people": []}), (200, []), (403, {"error": {}})])
async def test_without_the_services_word_nobody_is_closed_out(
    lab: Lab, standin: StandIn, status: int, answer: Any
) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"token {MAJA}"}) as client:
        socket = await client.ws_connect(lab.url + "api/events/subscribe")
        standin.answers["PUT", "/api/presence"] = (status, answer)
        standin.asked.clear()
        async with asyncio.timeout(QUICK_HEARTBEAT + 2):
            while not any(path == "/api/presence" for _, path, _, _ in standin.asked):
                await asyncio.sleep(0.05)
        assert not socket.closed
        await socket.close()


class Socket:
    closed: int | None = None

    def close(self, code: int, _: str) -> None:
        self.closed = code


def test_only_those_who_may_be_here_keep_their_sockets() -> None:
    forgotten: list[bool] = []
    asked: list[bool] = []
    open_now = Sockets(lambda: forgotten.append(True))
    open_now.ask = lambda: asked.append(True)
    ada, ben, nobody = Socket(), Socket(), Socket()
    for socket, name in ((ada, "ada"), (ben, "ben"), (nobody, "")):
        open_now.came(socket, name)
    assert len(asked) == 3, "nothing is known yet"
    assert open_now.only(["ada", "eve"]) == 2
    assert [one.closed for one in (ada, ben, nobody)] == [None, NOT_A_MEMBER, NOT_A_MEMBER]
    assert len(forgotten) == 1
    open_now.left(ben)
    open_now.left(nobody)
    open_now.left(nobody)
    assert open_now.only(["ada", "eve"]) == 0
    assert len(forgotten) == 1
    assert open_now.only(["ada"]) == 0
    assert len(forgotten) == 2, "eve had no socket, but her login is asked for again"
    second = Socket()
    open_now.came(second, "ada")
    assert len(asked) == 3
    assert len(open_now) == 2
    for socket in (ada, second):
        open_now.left(socket)
    open_now.came(ada, "ada")
    assert len(asked) == 4, "the first one to come may have lost access while nobody was here"


def test_noting_twice_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebSocketHandler, "get", WebSocketHandler.get)
    monkeypatch.setattr(WebSocketHandler, "_kontor_noted", False, raising=False)
    stock = WebSocketHandler.get
    sockets.note_sockets()
    once = WebSocketHandler.get
    sockets.note_sockets()
    assert WebSocketHandler.get is once is not stock


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        (SimpleNamespace(current_user=SimpleNamespace(username=MAJA_NAME)), MAJA_NAME),
        (SimpleNamespace(current_user=None), ""),
        (SimpleNamespace(), ""),
    ],
    ids=["signed in", "nobody", "a handler without login"],
)
def test_whose_socket(handler: Any, name: str) -> None:
    assert sockets.name_of(handler) == name
