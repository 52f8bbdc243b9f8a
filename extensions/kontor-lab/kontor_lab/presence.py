"""Who is in this lab now, for the kontor service.

A person is here while they have a collaboration socket open. Names come from the login that the hub has checked,
never from what a browser says about itself. Nothing is kept of people who have left.
"""

from __future__ import annotations

from typing import Any

from kontor_lab.errors import Refusal
from kontor_lab.handler import KontorHandler, members_only

#: The hub service that may ask.
SERVICE = "lobby"


class Presence:
    """The open sockets: who holds them, and which document each is for."""

    def __init__(self) -> None:
        self._open: dict[object, tuple[str, str]] = {}

    def came(self, socket: object, name: str, room: str) -> None:
        self._open[socket] = (name, room)

    def left(self, socket: object) -> None:
        """Forgets a socket; one that never came is no mistake, because opening may fail half-way."""
        self._open.pop(socket, None)

    def people(self) -> list[dict[str, object]]:
        """Everybody who is here, by name, with the number of different documents that they have open."""
        rooms: dict[str, set[str]] = {}
        for name, room in self._open.values():
            rooms.setdefault(name, set()).update({room} if _is_document(room) else ())
        return [{"name": name, "documents": len(documents)} for name, documents in sorted(rooms.items())]


def _is_document(room: str) -> bool:
    """Documents are `format:type:id`; other rooms, such as the list of who is online, have fewer parts."""
    return room.count(":") >= 2


class PresenceHandler(KontorHandler):
    """Tells the kontor service, and nobody else."""

    @members_only
    async def get(self) -> None:
        caller: dict[str, Any] = getattr(self.current_user, "hub_user", {})
        if caller.get("kind") != "service" or caller.get("name") != SERVICE:
            raise Refusal(403, "service_only", "Who is here is told to the lobby only. Look at the pilot's page.")
        presence: Presence = self.settings["kontor_presence"]
        self.finish({"people": presence.people()})
