"""A real gateway process, with a loopback stand-in for the one hub route that it asks (`GET /user`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from dask_gateway import Gateway
from dask_gateway.auth import JupyterHubAuth

from kontor.database import upgrade
from kontor.settings import Settings
from kontor.site import Ports, Site

T = TypeVar("T")
# Upstream's destructor raises once a gateway is closed with its loop stopped; the tests close every one themselves.
del Gateway.__del__

ACCESS = ["access:services!service=gateway"]
ADA, BOB, EVE, NILS = ("u" + letter * 24 for letter in "abcd")


@dataclass
class StandInHub:
    """Answers `GET /hub/api/user` from a table of tokens, and 403 for any other token, as JupyterHub does."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def user(self, token: str, name: str, pilots: list[str], scopes: list[str] | None = None, **more: Any) -> None:
        self.people[token] = {
            "kind": "user",
            "name": name,
            "admin": False,
            "groups": [f"pilot-{slug}" for slug in pilots],
            "scopes": ACCESS if scopes is None else scopes,
            **more,
        }

    def service(self, token: str, name: str) -> None:
        self.people[token] = {"kind": "service", "name": name, "admin": False, "scopes": ACCESS}

    def serve(self, port: int) -> ThreadingHTTPServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token = self.headers.get("Authorization", "").removeprefix("token ")
                known = hub.people.get(token) if self.path == "/hub/api/user" else None
                body = json.dumps(known or {"status": 403, "message": "Forbidden"}).encode()
                self.send_response(200 if known else 403)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


def wait_for(condition: Callable[[], T | None], what: str, seconds: float = 30) -> T:
    """The first true answer of `condition`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return answer


@dataclass
class RunningGateway:
    """A gateway process, its installation, and who the hub knows."""

    site: Site
    hub: StandInHub
    server: ThreadingHTTPServer
    process: subprocess.Popen[bytes]

    def request(
        self, method: str, path: str, token: str | None = None, *, scheme: str = "jupyterhub", **body: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"{scheme} {token}"} if token else {}
        return httpx.request(method, self.site.gateway_url + path, headers=headers, timeout=30, trust_env=False, **body)

    def client(self, token: str) -> Gateway:
        """What a notebook has."""
        return Gateway(self.site.gateway_url, proxy_address=self.site.gateway_proxy_url, auth=JupyterHubAuth(token))

    def clusters(self, token: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request("GET", "/api/kontor/clusters", token).json()["clusters"]
        return found

    def start(self, token: str, **options: Any) -> str:
        answer = self.request("POST", "/api/v1/clusters/", token, json={"cluster_options": options})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["name"])

    def wait_running(self, token: str, name: str, workers: int = 0) -> dict[str, Any]:
        def running() -> dict[str, Any] | None:
            known = {one["name"]: one for one in self.clusters(token)}
            assert name in known, self.log()
            return known[name] if known[name]["status"] == "running" and known[name]["workers"] >= workers else None

        return wait_for(running, f"cluster running with {workers} workers", 60)

    def stop_all(self) -> None:
        for one in self.clusters("lobby-token"):
            self.request("DELETE", f"/api/v1/clusters/{one['name']}", "lobby-token")
        wait_for(lambda: not self.clusters("lobby-token"), "all clusters stopped")

    def processes(self) -> list[psutil.Process]:
        """Schedulers and workers, wherever they hang in the process tree."""
        folder = str(self.site.run / "clusters")
        return [one for one in psutil.process_iter() if _home(one).startswith(folder)]

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
        return wait_for(condition, what, seconds)

    def log(self) -> str:
        return (self.site.logs / "gateway.log").read_text()


def _home(process: psutil.Process) -> str:
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else process.environ().get("HOME", "")
    except psutil.Error:
        return ""


def start_process(site: Site) -> subprocess.Popen[bytes]:
    """The gateway as `kontor up` starts it, answering."""
    with (site.logs / "gateway.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kontor.clusters", "--state", str(site.state)],
            stdout=log,
            stderr=log,
            env={**os.environ, "JUPYTERHUB_API_TOKEN": "a-hub-token-that-must-not-spread"},
        )

    def answers() -> bool:
        assert process.poll() is None, (site.logs / "gateway.log").read_text()
        try:
            return httpx.get(f"{site.gateway_url}/api/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    wait_for(answers, "gateway answers")
    return process


def end_process(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> int:
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(timeout=30)


@pytest.fixture(scope="session")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    def make() -> Site:
        state = tmp_path_factory.mktemp("state").resolve()
        limits = {"clusters_per_pilot": 2, "workers_per_pilot": 3, "worker_memory": "1 G"}
        settings = Settings.parse({"clusters": limits})
        site = Site(state, settings, Ports.choose(8000), sockets=state)
        site.logs.mkdir()
        site.make_secrets(["cluster-signing-key", "gateway-token"])
        site.secret_file("service-token").write_text("lobby-token")
        site.save()
        upgrade(site.database_url)
        return site

    return make


@pytest.fixture(scope="session")
def hub() -> StandInHub:
    hub = StandInHub()
    hub.user("ada-token", ADA, ["one"])
    hub.user("bob-token", BOB, ["one", "three"])
    hub.user("eve-token", EVE, ["two"], admin=True)
    hub.user("nils-token", NILS, [])
    hub.user("ws-token", "ws-one", ["one", "two"])
    hub.user("narrow-token", ADA, ["one"], scopes=["read:users!user"])
    hub.service("lobby-token", "lobby")
    hub.service("reconciler-token", "reconciler")
    hub.service("other-service-token", "idle-culler")
    return hub


def _run(site: Site, hub: StandInHub) -> Iterator[RunningGateway]:
    server = hub.serve(site.ports.hub)
    running = RunningGateway(site, hub, server, start_process(site))
    yield running
    end_process(running.process)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def gateway(make_site: Callable[[], Site], hub: StandInHub) -> Iterator[RunningGateway]:
    yield from _run(make_site(), hub)


@pytest.fixture(scope="session")
def shared(gateway: RunningGateway) -> str:
    """A cluster of pilot `one` with two workers, started by ada."""
    name = gateway.start("ada-token", pilot="one", workers=2)
    gateway.wait_running("ada-token", name, workers=2)
    return name


@pytest.fixture
def own_gateway(make_site: Callable[[], Site], hub: StandInHub) -> Iterator[RunningGateway]:
    """A gateway of its own, for tests that end it."""
    yield from _run(make_site(), hub)


@pytest.fixture
def restart() -> Callable[[RunningGateway], None]:
    """Starts the gateway of an installation again, on the same ports."""

    def again(running: RunningGateway) -> None:
        running.process = start_process(running.site)

    return again
