"""Work beside the reconciling goes on after a failure, and ends with the block."""

from __future__ import annotations

import asyncio

import pytest

from kontor.pilots.lasting import lasting
from tests.waiting import until


async def test_what_fails_is_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[int] = []
    ended = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise PermissionError("not yours")
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with lasting({"the work": work}, pause=0.01):
        await until(lambda: len(begun) == 3, "the work is begun a third time", seconds=10)
    assert ended.is_set()
    assert caplog.text.count("the work failed, will begin again") == 2
    assert "PermissionError: not yours" in caplog.text


async def test_what_is_done_is_not_done_again() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    async with lasting({"the work": work}, pause=0.0):
        await until(lambda: bool(done), "the work is done", seconds=10)
        await asyncio.sleep(0)
    assert done == [1]
