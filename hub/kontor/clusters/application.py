"""The gateway as a process."""

from __future__ import annotations

import logging
import socket

from dask_gateway_server.app import DaskGateway

from kontor.clusters.config import gateway_config
from kontor.clusters.environment import LOOPBACK
from kontor.clusters.guard import refuse_malformed
from kontor.clusters.log import remember_who_asks
from kontor.clusters.routes import PATH
from kontor.errors import Unavailable
from kontor.site import Site


class QuietLog(logging.Filter):
    """Leaves out what happens every second and says nothing: heartbeats, looks at the list, health checks."""

    _OFTEN = ("/heartbeat", PATH, "/api/health")

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO:
            return True
        text = record.getMessage()
        return not (" heartbeat [" in text or any(path in text for path in self._OFTEN))


class PilotGateway(DaskGateway):  # type: ignore[misc]
    """Dask Gateway, configured from the installation and from nothing else: no file, no argument, no environment."""

    def load_config_file(self, *args: object, **kwargs: object) -> None:
        """There is no configuration file."""

    def initialize(self, argv: list[str] | None = None) -> None:
        super().initialize(argv)
        self.log.addFilter(QuietLog())
        self.app.middlewares.extend([refuse_malformed, remember_who_asks])


def run(site: Site) -> None:
    """Run the gateway of an installation until it gets SIGTERM or SIGINT.

    Raises
    ------
    Unavailable
        If one of its ports is taken.
    """
    for port in (site.ports.gateway, site.ports.gateway_proxy):
        _check_free(port)
    gateway = PilotGateway(config=gateway_config(site))
    gateway.initialize([])
    gateway.start()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise Unavailable(
                f"Port {port}, meant for the clusters' gateway, is taken. Stop what uses it, "
                "or start Kontor again to choose another."
            ) from None
