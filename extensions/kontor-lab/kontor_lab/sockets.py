"""Every open socket of a workspace, whatever it is for, and the end of those whose people may not be here any more.

Documents, kernels, terminals, events, language servers: a socket is asked who opens it once, and then stays open for as
long as its page. The kontor service says every few seconds who may be here (`presence`); the sockets of all others are
closed, and the login that the hub has vouched for some seconds ago is asked for again.

This comes on top of the hub's word and of the stop of the workspace when somebody leaves its pilot: it is quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from tornado.websocket import WebSocketHandler

#: Close code for somebody who may not be here any more (4000 to 4999 are for applications, RFC 6455).
NOT_A_MEMBER: Final = 4403
REASON: Final = "You are not a member of this pilot any more."
#: Close code of a socket whose server stops.
GOING_AWAY: Final = 1001


class Sockets:
    """The open sockets, and who opened each.

    Parameters
    ----------
    forget_logins : callable
        Makes the lab ask the hub again about everybody at their next request.
    """

    def __init__(self, forget_logins: Callable[[], object]) -> None:
        self._forget_logins = forget_logins
        self._open: dict[Any, str] = {}
        self._allowed: frozenset[str] | None = None
        #: called when the service should be asked at once: for the first socket, and for somebody it has not named
        self.ask: Callable[[], object] = lambda: None

    def came(self, socket: Any, name: str) -> None:
        self._open[socket] = name
        if len(self._open) == 1 or self._allowed is None or name not in self._allowed:
            self.ask()

    def left(self, socket: Any) -> None:
        self._open.pop(socket, None)

    def __len__(self) -> int:
        return len(self._open)

    def send_away(self) -> None:
        """Close all sockets, because the lab stops; browsers try again by themselves."""
        for socket in list(self._open):
            socket.close(GOING_AWAY, "The lab stops.")

    def only(self, names: Iterable[str]) -> int:
        """Close the sockets of everybody but these people; returns how many were closed."""
        allowed = frozenset(names)
        gone = (self._allowed or frozenset()) - allowed
        self._allowed = allowed
        others = [socket for socket, name in self._open.items() if name not in allowed]
        if gone or others:
            self._forget_logins()
        for socket in others:
            socket.close(NOT_A_MEMBER, REASON)
        return len(others)


def note_sockets() -> None:
    """Note every socket that is opened from now on in the lab's `kontor_sockets`. Doing it again changes nothing."""
    if getattr(WebSocketHandler, "_kontor_noted", False):
        return
    serve = WebSocketHandler.get

    async def note_and_serve(self: Any, *args: Any, **kwargs: Any) -> None:
        """Tornado's own `get`, which every handler of sockets comes to in the end; it lasts until the socket closes."""
        noted: Sockets | None = self.settings.get("kontor_sockets")
        if noted is None:
            await serve(self, *args, **kwargs)
            return
        noted.came(self, name_of(self))
        try:
            await serve(self, *args, **kwargs)
        finally:
            noted.left(self)

    WebSocketHandler.get = note_and_serve
    WebSocketHandler._kontor_noted = True


def name_of(handler: Any) -> str:
    """The account that the hub has vouched for in this request; empty if it has not."""
    try:
        return str(handler.current_user.username)
    except (AttributeError, RuntimeError):
        return ""
