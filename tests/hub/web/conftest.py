"""Fixtures: the service of `house.py`, and the small hub behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kontor.clusters import cluster_token
from kontor.database import session_factory
from kontor.settings import Settings
from kontor.site import Ports, Site
from kontor.web.app import create_app
from tests.hub.web.house import SECRETS, House, Pictures, RecordingBroker, RecordingClusters, SmallHub, account, fill


@contextmanager
def small_hub() -> Iterator[tuple[SmallHub, int]]:
    """A small hub and its port."""
    small = SmallHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do("GET")

        def do_POST(self) -> None:
            self._do("POST")

        def _do(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = self.headers.get("authorization", "").removeprefix("token ")
            status, found = small.answer(method, self.path, token, body)
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield small, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hub() -> Iterator[tuple[SmallHub, int]]:
    with small_hub() as one:
        yield one


@asynccontextmanager
async def a_house(folder: Path, hub: tuple[SmallHub, int]) -> AsyncIterator[House]:
    """A house in a folder."""
    small, port = hub
    ports = Ports.choose(8000)
    ports = Ports(**{**vars(ports), "hub": port, "public": ports.service})
    site = Site(folder, Settings(), ports, folder / "sockets")
    site.make_secrets(SECRETS)
    fill(site)
    app = create_app(site)
    broker, clusters = RecordingBroker(), RecordingClusters()
    await app.state.clusters.close()
    app.state.broker, app.state.clusters, app.state.previews = broker, clusters, Pictures()
    tokens = {
        persona: small.user(account(persona), f"token-{persona}")
        for persona in ("maja", "jonas", "anke", "greta", "erik", "nils")
    }
    tokens["workspace"] = small.user("ws-knee-mr", "token-workspace")
    tokens["page"] = small.user(account("maja"), "token-page", scope="access:servers!server=ws-battery-neutrons/")
    tokens["gateway"] = small.user("gateway", "token-gateway", kind="service")
    started = int(datetime.now(UTC).timestamp() * 1000)
    tokens["cluster"] = cluster_token.sign(
        cluster_token.ClusterClaim("c1", "knee-mr", account("maja"), started), site.secret("cluster-signing-key")
    )
    tokens["forged"] = cluster_token.sign(
        cluster_token.ClusterClaim("c1", "knee-mr", account("maja"), started), "other key"
    )
    small.servers["ws-knee-mr"] = None
    yield House(site, app, small, broker, clusters, tokens)
    await app.state.signin.close()
    await app.state.hub.close()
    session_factory(site.database_url).kw["bind"].dispose()


@pytest.fixture
async def house(tmp_path: Path, hub: tuple[SmallHub, int]) -> AsyncIterator[House]:
    async with a_house(tmp_path, hub) as one:
        yield one
