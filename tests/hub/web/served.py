"""The service of `house.py` behind a real port, for real browsers: no tree, a second to start.

    @pytest.fixture
    async def served(house): async with serving(house) as one: yield one

`house` may be the fixture of conftest.py; its addresses lead here, because nobody else listens on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import uvicorn
from playwright.async_api import Browser, BrowserContext

from tests.hub.web.house import House
from tests.waiting import until


@dataclass
class Served:
    """A house that answers browsers."""

    house: House

    @property
    def url(self) -> str:
        """Address of the lobby; other pages are below it."""
        return self.house.site.service_public_url

    async def context(self, browser: Browser, persona: str | None = None, **options: Any) -> BrowserContext:
        """A browser's window of its own; with a persona, signed in."""
        context = await browser.new_context(**options)
        if persona is not None:
            sealed = self.house.app.state.signin._sessions.close({"token": self.house.tokens[persona]})
            await context.add_cookies([{"name": "kontor-session", "value": sealed, "url": self.url, "httpOnly": True}])
        return context


class _Server(uvicorn.Server):
    """Leaves signals to pytest."""

    def capture_signals(self) -> AbstractContextManager[None]:
        return nullcontext()


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[Served]:
    """Listen on the house's public port while the block runs."""
    config = uvicorn.Config(
        house.app, host="127.0.0.1", port=house.site.ports.public, log_level="warning", lifespan="off"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done(), "the house listens", seconds=20)
    try:
        yield Served(house)
    finally:
        server.should_exit = True
        await task
