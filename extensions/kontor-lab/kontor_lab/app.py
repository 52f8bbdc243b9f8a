"""Loads the server half into a Jupyter server."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join

from kontor_lab.clusters import ClusterHandler, ClustersHandler
from kontor_lab.connection import Connection
from kontor_lab.guard import UnknownVersion, check_version, guard_sockets
from kontor_lab.handler import KontorHandler
from kontor_lab.pilots import ConnectionHandler, DatasetsHandler, PilotsHandler
from kontor_lab.presence import Presence, Teller
from kontor_lab.saving import Saver, mark_changes, save_before
from kontor_lab.sockets import Sockets, note_sockets
from kontor_lab.trust import trust_without_outputs

ROUTES: tuple[tuple[str, type[KontorHandler]], ...] = (
    (r"kontor/api/connection", ConnectionHandler),
    (r"kontor/api/pilots", PilotsHandler),
    (r"kontor/api/pilots/([^/]+)/datasets", DatasetsHandler),
    (r"kontor/api/pilots/([^/]+)/clusters", ClustersHandler),
    (r"kontor/api/clusters/([^/]+)", ClusterHandler),
)


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    """Add our routes, and guard the sockets of shared documents.

    A lab of Kontor with an unknown version of jupyter-server-ydoc does not start, because its documents would be open
    to other pages and would not be saved. Any other JupyterLab goes on without the guard.
    """
    connection = Connection.of(os.environ)
    serverapp.web_app.settings["kontor_connection"] = connection
    serverapp.web_app.settings["kontor_presence"] = Presence()
    serverapp.web_app.settings["kontor_sockets"] = Sockets(lambda: _forget_logins(serverapp))
    base = serverapp.web_app.settings["base_url"]
    serverapp.web_app.add_handlers(".*$", [(url_path_join(base, path), handler) for path, handler in ROUTES])
    try:
        _guard()
    except UnknownVersion as error:
        serverapp.log.critical("%s", error)
        if connection.connected:
            serverapp.exit(1)
            return
    if connection.connected:
        note_sockets()
        trust_without_outputs(serverapp.contents_manager.notary)


async def _start_jupyter_server_extension(serverapp: ServerApp) -> None:
    """Begin the regular saving and telling, now that all extensions are loaded."""
    presence: Presence = serverapp.web_app.settings["kontor_presence"]
    settings = serverapp.web_app.settings
    sockets: Sockets = settings["kontor_sockets"]
    teller = Teller(presence, sockets, settings["kontor_connection"], serverapp.log)
    teller.start()

    async def send_away() -> None:
        presence.send_away()
        sockets.send_away()
        await teller.stop()

    for ydoc in serverapp.extension_manager.extension_apps.get("jupyter_server_ydoc", ()):
        saver = Saver(lambda ydoc=ydoc: _documents(ydoc), serverapp.log)  # type: ignore[misc]
        ydoc.stop_extension = save_before(ydoc.stop_extension, saver, send_away)
        saver.start()


def _forget_logins(serverapp: ServerApp) -> None:
    """Ask the hub anew about everybody. Only a lab that the hub started remembers what it said."""
    hub_auth = getattr(serverapp.identity_provider, "hub_auth", None)
    if hub_auth is not None:
        hub_auth.cache.clear()


def _guard() -> None:
    """Change the classes of jupyter-server-ydoc, if it is installed."""
    try:
        import jupyter_server_ydoc
        from jupyter_server_ydoc.handlers import YDocWebSocketHandler
        from jupyter_server_ydoc.rooms import DocumentRoom
    except ImportError:
        return
    check_version(jupyter_server_ydoc.__version__)
    guard_sockets(YDocWebSocketHandler)
    mark_changes(DocumentRoom)


def _documents(ydoc: Any) -> list[Any]:
    """The rooms of documents that are open and loaded."""
    return [room for room in ydoc.ywebsocket_server.rooms.values() if getattr(room, "_file", None) and room.ready]
