"""The sockets of shared documents: who may open one, and who holds one.

jupyter-server-ydoc accepts a document socket from any web page that the person's browser shows. Here a socket opens
only for pages of this lab, as with Jupyter's other sockets. Small messages are sent at once, so that a keystroke
reaches the others without the 40 ms that TCP would wait.

This changes a class of another package, so it is done only for versions for which the tests have shown that it works.
"""

from __future__ import annotations

from typing import Any, Final

from jupyter_server.base.websocket import WebSocketMixin

KNOWN_VERSIONS: Final = frozenset({"3.0.4"})


class UnknownVersion(Exception):
    """The installed jupyter-server-ydoc is none of KNOWN_VERSIONS."""

    def __init__(self, version: str) -> None:
        known = ", ".join(sorted(KNOWN_VERSIONS))
        super().__init__(
            f"jupyter-server-ydoc {version} is installed, but shared documents are protected and saved only with "
            f"{known}. "
            f"Install that version, or test Kontor with {version} and add it to kontor_lab.guard.KNOWN_VERSIONS."
        )


def check_version(version: str) -> None:
    """Raise UnknownVersion unless `version` of jupyter-server-ydoc is known."""
    if version not in KNOWN_VERSIONS:
        raise UnknownVersion(version)


def guard_sockets(socket_class: Any) -> None:
    """Guard all sockets of `socket_class` from now on, and note who holds them. Doing it again changes nothing."""
    if getattr(socket_class, "_kontor_guarded", False):
        return
    open_socket, on_close = socket_class.open, socket_class.on_close

    async def open_and_note(self: Any, room_id: str) -> None:
        self.set_nodelay(True)
        self.settings["kontor_presence"].came(self, self.current_user.username, self.path)
        await open_socket(self, room_id)

    def close_and_forget(self: Any) -> None:
        self.settings["kontor_presence"].left(self)
        on_close(self)

    socket_class.check_origin = WebSocketMixin.check_origin
    socket_class.open = open_and_note
    socket_class.on_close = close_and_forget
    socket_class._kontor_guarded = True
