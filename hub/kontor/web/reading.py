"""Reading for pages that many look at: one turn in a thread for a page, one after the other.

Threads that make pages want the same interpreter. With twenty of them each waits for its share at every step; in turns
everybody has their page sooner. Only what reads a little and returns belongs here, nothing that waits for others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from fastapi import Request
from sqlalchemy.orm import Session, sessionmaker

Read = TypeVar("Read")
AT_A_TIME = 1


class Reading:
    """Turns at the database for pages.

    Parameters
    ----------
    sessions : sessionmaker
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._turns = anyio.CapacityLimiter(AT_A_TIME)

    async def do(self, read: Callable[[Session], Read]) -> Read:
        """What `read` returns, called in a thread with a session of its own; what it writes is not kept."""

        def turn() -> Read:
            with self._sessions() as session:
                return read(session)

        return await run_sync(turn, limiter=self._turns)


async def reading(request: Request, read: Callable[[Session], Read]) -> Read:
    """What `read` returns, in its turn."""
    turns: Reading = request.app.state.reading
    return await turns.do(read)
