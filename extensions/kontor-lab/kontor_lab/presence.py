"""Who is in this lab now, for the kontor service.

A person is here while they have a collaboration socket open. Names come from the login that the hub has checked,
never from what a browser says about itself. Nothing is kept of people who have left. The service answers with those who
may be here, and the sockets of all others are closed (`sockets`).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from kontor_lab.connection import Connection
from kontor_lab.errors import Refusal
from kontor_lab.fetch import fetch_json
from kontor_lab.sockets import Sockets

#: Seconds after which the service is told again although nothing changed; it forgets after thirty.
HEARTBEAT = 10.0
#: The same while somebody is here, who may have to leave.
QUICK_HEARTBEAT = 3.0
#: Close code of a web socket whose server stops.
GOING_AWAY = 1001


class Presence:
    """The open sockets: who holds them, and which document each is for."""

    def __init__(self) -> None:
        self._open: dict[Any, tuple[str, str]] = {}
        #: set whenever somebody came or went
        self.changed = asyncio.Event()

    def came(self, socket: Any, name: str, room: str) -> None:
        self._open[socket] = (name, room)
        self.changed.set()

    def left(self, socket: Any) -> None:
        """Forgets a socket; one that never came is no mistake, because opening may fail half-way."""
        if self._open.pop(socket, None) is not None:
            self.changed.set()

    def send_away(self) -> None:
        """Closes all sockets, because the lab stops; browsers try again by themselves."""
        for socket in list(self._open):
            socket.close(GOING_AWAY, "The lab stops.")

    def people(self) -> list[dict[str, object]]:
        """Everybody who is here, by name, with the number of different documents that they have open."""
        rooms: dict[str, set[str]] = {}
        for name, room in self._open.values():
            rooms.setdefault(name, set()).update({room} if _is_document(room) else ())
        return [{"name": name, "documents": len(documents)} for name, documents in sorted(rooms.items())]


def _is_document(room: str) -> bool:
    """Documents are `format:type:id`; other rooms, such as the list of who is online, have fewer parts."""
    return room.count(":") >= 2


class Teller:
    """Tells the kontor service who is in this workspace, at every change and every few seconds, and hears who may be.

    Parameters
    ----------
    presence : Presence
    sockets : Sockets
    connection : Connection
        Of a workspace; a personal lab tells nothing.
    log : logging.Logger
    """

    def __init__(self, presence: Presence, sockets: Sockets, connection: Connection, log: logging.Logger) -> None:
        self._presence = presence
        self._sockets = sockets
        self._connection = connection
        self._log = log
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if this is a workspace of a Kontor."""
        if self._connection.connected and self._connection.pilot:
            self._sockets.ask = self._presence.changed.set
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell that nobody is here any more."""
        if self._task is not None:
            self._task.cancel()
            await self._tell([])

    async def _run(self) -> None:
        while True:
            self._presence.changed.clear()
            await self._tell(self._presence.people())
            with suppress(TimeoutError):
                pause = QUICK_HEARTBEAT if len(self._sockets) else HEARTBEAT
                await asyncio.wait_for(self._presence.changed.wait(), pause)

    async def _tell(self, people: list[dict[str, object]]) -> None:
        silent = Refusal(502, "unreachable", "The kontor service does not answer.")
        try:
            status, answer = await fetch_json(
                "PUT",
                f"{self._connection.service}/presence",
                authorization=f"Bearer {self._connection.service_token()}",
                content={"people": people},
                silent=silent,
            )
        except Refusal as refusal:
            self._log.warning("who is here was not told: %s", refusal)
            return
        may_be_here = answer.get("may_be_here") if isinstance(answer, dict) else None
        if status != 200 or not isinstance(may_be_here, list):
            self._log.warning("who is here was not taken: status %d", status)
            return
        if closed := self._sockets.only(may_be_here):
            self._log.info("%d sockets of people who may not be here any more were closed", closed)
