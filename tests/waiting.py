"""Waiting for a condition with a deadline; nothing in the tests sleeps for a fixed time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

STEP = 0.05


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str, *, seconds: float = 30.0) -> None:
    """Return when `condition` holds.

    Raises
    ------
    AssertionError
        If it does not within `seconds`; says `what` was waited for.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = condition()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(STEP)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:.0f} s: {what}") from None
