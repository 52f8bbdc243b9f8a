"""Work that goes on beside the reconciling: it is begun again when it fails, and the log says why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

log = logging.getLogger("kontor.reconciler")

PAUSE = 10.0


@asynccontextmanager
async def lasting(works: Mapping[str, Callable[[], Awaitable[object]]], *, pause: float = PAUSE) -> AsyncIterator[None]:
    """Do these works for as long as the block runs.

    Parameters
    ----------
    works : mapping
        What the log calls it -> what makes the work, anew each time.
    pause : float
        Seconds between a failure and the next try.
    """
    tasks = [asyncio.create_task(_again_and_again(name, work, pause)) for name, work in works.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(name: str, work: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed, will begin again", name)
        else:
            return
        await asyncio.sleep(pause)
