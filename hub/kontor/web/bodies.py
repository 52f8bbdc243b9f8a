"""How much may be sent to the service.

Pages and programs send forms and small JSON. Whoever sends more is refused before it is in memory, also without
being signed in. The one route that takes files has a limit of its own (`file_changes`).
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kontor.errors import KontorError
from kontor.web.answers import answer
from kontor.words import _

LARGEST: Final = 2_000_000


class BodyTooLarge(KontorError):
    """More was sent than the service takes."""

    code = "body_too_large"
    status = 413


class Bodies:
    """Refuses what is too large by what its head says, and counts what comes.

    Parameters
    ----------
    prefix : str
        Where the service is.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._takes_files = re.compile(rf"{re.escape(prefix)}pilots/[^/]+/upload")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._takes_files.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        length = Request(scope).headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > LARGEST:
            await _refuse(scope, receive, send)
            return
        await _Counted(self._app, scope, receive, send).run()


class _Counted:
    """One request whose body is counted; what the application says once it was too much is replaced."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._bytes = 0
        self._begun = False

    @property
    def _too_much(self) -> bool:
        return self._bytes > LARGEST and not self._begun

    async def run(self) -> None:
        try:
            await self._app(self._scope, self._count, self._say)
        except Exception:
            if not self._too_much:
                raise
        if self._too_much:
            await _refuse(self._scope, self._receive, self._send)

    async def _count(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > LARGEST:
            raise _error()
        return message

    async def _say(self, message: Message) -> None:
        if self._too_much:
            return
        self._begun = True
        await self._send(message)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    error = _error()
    found = answer(Request(scope), error.status, error.code, error.message)
    await found(scope, receive, send)


def _error() -> BodyTooLarge:
    return BodyTooLarge(
        _("This is more than can be sent at once: at most {most} MB. Send less.").format(most=LARGEST // 1_000_000)
    )
