"""Somebody who has a shared notebook open: the collaboration protocol over a real socket."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from jupyter_ydoc import YNotebook
from pycrdt import YMessageType, create_sync_message, create_update_message, handle_sync_message

from tests.extension.lab import Lab
from tests.extension.standin import MAJA


class Typist:
    """Use as `async with Typist(lab, "name.ipynb") as typist`; inside, the notebook is in step with the lab.

    With `origin` the socket is opened as a browser does for a page of that origin, else as a program does.
    """

    def __init__(self, lab: Lab, path: str, token: str = MAJA, origin: str | None = None) -> None:
        self._lab, self._path, self._token, self._origin = lab, path, token, origin
        self.notebook = YNotebook()
        self._tasks: list[asyncio.Task[None]] = []
        self._in_step = asyncio.Event()

    async def __aenter__(self) -> Typist:
        status, session = await self._lab.ask(
            "PUT", f"api/collaboration/session/{self._path}", self._token, {"format": "json", "type": "notebook"}
        )
        assert status in (200, 201), session
        room = f"json:notebook:{session['fileId']}"
        url = f"{self._lab.url}api/collaboration/room/{room}?sessionId={session['sessionId']}"
        headers = {"Authorization": f"token {self._token}"}
        if self._origin is not None:
            headers = self._lab.browser_headers(self._token, self._origin)
        self._client = aiohttp.ClientSession()
        try:
            self._socket = await self._client.ws_connect(url, headers=headers)
        except BaseException:
            await self._client.close()
            raise
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._observed = self.notebook.ydoc.observe(
            lambda event: self._outgoing.put_nowait(create_update_message(event.update))
        )
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]
        await self._socket.send_bytes(create_sync_message(self.notebook.ydoc))
        async with asyncio.timeout(10):
            await self._in_step.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    @property
    def text(self) -> Any:
        """The source of the first cell."""
        return self.notebook.ycells[0]["source"]

    def write(self, text: str) -> None:
        """Types at the end of the first cell."""
        source = self.text
        source += text

    async def _receive(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.BINARY or message.data[0] != YMessageType.SYNC:
                continue
            reply = handle_sync_message(message.data[1:], self.notebook.ydoc)
            if reply is not None:
                await self._socket.send_bytes(reply)
            if len(self.notebook.ycells):
                self._in_step.set()

    async def _send(self) -> None:
        while True:
            await self._socket.send_bytes(await self._outgoing.get())
