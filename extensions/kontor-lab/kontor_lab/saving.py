"""Open documents reach the disk: at most `INTERVAL` seconds late, and always before the lab stops.

jupyter-server-ydoc writes a document one second after its *last* change, so it writes nothing at all while several
people type or a cell prints, and nothing when the server stops. Here every document with unsaved changes is written
every few seconds by a task that typing cannot cancel, and once more before the rooms are closed. That also holds when
people have switched off JupyterLab's own automatic saving: work must not be lost.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterable
from logging import Logger
from typing import Any, Final

INTERVAL: Final = 5.0
#: How long a stopping lab may take to write its documents; hubs wait longer than this before they kill.
PATIENCE: Final = 8.0
#: How long a lab may take to end once everything is written.
FAREWELL: Final = 6.0

_MARK = "_kontor_unsaved"


def mark_changes(room_class: Any) -> None:
    """Note unsaved changes on each room of `room_class` made from now on. Doing it again changes nothing."""
    if getattr(room_class, "_kontor_marked", False):
        return
    on_change = room_class._on_document_change

    def mark_and_go_on(self: Any, target: str, event: Any) -> None:
        if self.ready and target != "state":
            setattr(self, _MARK, True)
        on_change(self, target, event)

    room_class._on_document_change = mark_and_go_on
    room_class._kontor_marked = True


class Saver:
    """Writes the rooms that have unsaved changes.

    Parameters
    ----------
    rooms : callable
        Gives the rooms that are open now.
    log : Logger
    """

    def __init__(self, rooms: Callable[[], Iterable[Any]], log: Logger) -> None:
        self._rooms = rooms
        self._log = log
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to save every `INTERVAL` seconds."""
        self._loop = asyncio.create_task(self._run())

    async def save_all(self) -> int:
        """Write every unsaved document now; returns how many could not be written and stay marked."""
        unsaved = [room for room in self._rooms() if getattr(room, _MARK, False)]
        written = await asyncio.gather(*(self._save(room) for room in unsaved))
        return written.count(False)

    async def stop(self) -> None:
        """Stop the loop and write what is left, again and again while a document cannot be written."""
        if self._loop is not None:
            self._loop.cancel()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._save_until_done()
        except TimeoutError:
            self._log.error("Some documents could not be written within %s s before this lab stopped.", PATIENCE)

    async def _save_until_done(self) -> None:
        unwritten = await self.save_all()
        while unwritten:
            unwritten = await self._again()

    async def _again(self) -> int:
        await asyncio.sleep(0.2)
        return await self.save_all()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.save_all()
            except Exception:
                self._log.exception("The regular saving of documents failed; it goes on.")

    async def _save(self, room: Any) -> bool:
        """Write one document; changes that arrive meanwhile mark it again. False, and still marked, if it failed."""
        before = room._file.last_modified
        setattr(room, _MARK, False)
        await room._maybe_save_document(None, save_now=True)
        if room._file.last_modified != before:
            return True
        setattr(room, _MARK, True)
        self._log.warning("The document %s could not be written; trying again.", room._file.path)
        return False


def save_before(
    stop: Callable[[], Awaitable[None]], saver: Saver, send_away: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    """What stops the rooms: a last save, then everybody leaves, then `stop`.

    While somebody is in a room, upstream's `stop` waits for them for ever; and when the last one is just leaving, a
    task of the room sometimes survives its cancellation and keeps the whole process alive. All is saved then, so the
    process is ended after `FAREWELL` seconds more.
    """

    async def save_then_stop() -> None:
        await saver.stop()
        await send_away()
        last_resort = threading.Timer(FAREWELL, os._exit, [0])
        last_resort.daemon = True
        last_resort.start()
        await stop()

    return save_then_stop
