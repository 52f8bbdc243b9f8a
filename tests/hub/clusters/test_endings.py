"""Clusters end: asked to, with age, and with the gateway however that ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from dask_gateway_server.utils import timestamp

from kontor.clusters.application import PilotGateway
from kontor.clusters.config import gateway_config
from kontor.clusters.user import PilotUser
from kontor.site import Site


def busy(running: Any) -> str:
    """A cluster with a worker that has a child of its own."""
    name = str(running.start("ada-token", workers=1))
    running.wait_running("ada-token", name, workers=1)
    with running.client("ada-token") as notebook, notebook.connect(name) as cluster, cluster.get_client() as client:
        client.run(lambda: __import__("subprocess").Popen(["sleep", "300"]).pid)
    assert len(running.processes()) == 3
    return name


def test_stop_ends_processes_and_folder(own_gateway: Any) -> None:
    name = busy(own_gateway)
    assert own_gateway.request("DELETE", f"/api/v1/clusters/{name}", "bob-token").status_code == 204
    own_gateway.wait_for(lambda: not own_gateway.processes(), "processes ended")
    own_gateway.wait_for(lambda: not list((own_gateway.site.run / "clusters").iterdir()), "folder removed")
    assert own_gateway.clusters("ada-token") == []


def test_sigterm_leaves_nothing(own_gateway: Any) -> None:
    busy(own_gateway)
    own_gateway.process.send_signal(signal.SIGTERM)
    assert own_gateway.process.wait(timeout=30) == 0
    assert own_gateway.processes() == []
    assert list((own_gateway.site.run / "clusters").iterdir()) == []
    _ports_are_free(own_gateway)


def test_a_hub_that_is_gone_is_said(own_gateway: Any) -> None:
    own_gateway.server.shutdown()
    own_gateway.server.server_close()
    answer = own_gateway.request("GET", "/api/v1/clusters/", "ada-token")
    assert answer.status_code == 502
    assert answer.json()["error"] == "JupyterHub does not answer. Try again in a moment."


def test_kill_leaves_no_cluster(own_gateway: Any, restart: Callable[[Any], None]) -> None:
    """The kernel ends schedulers and workers; what those had started, and the folders, go at the next start."""
    busy(own_gateway)
    own_gateway.process.kill()
    own_gateway.process.wait(timeout=10)
    own_gateway.wait_for(
        lambda: not [one for one in own_gateway.processes() if "distributed.cli" in " ".join(one.cmdline())],
        "schedulers and workers ended",
        5,
    )
    own_gateway.wait_for(lambda: _ports_are_free(own_gateway), "proxy ended", 5)
    restart(own_gateway)
    assert own_gateway.processes() == []
    assert list((own_gateway.site.run / "clusters").iterdir()) == []
    assert own_gateway.clusters("ada-token") == []


def _ports_are_free(running: Any) -> bool:
    for port in (running.site.ports.gateway, running.site.ports.gateway_proxy):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return False
    return True


async def test_a_cluster_ends_with_age(make_site: Callable[[], Site]) -> None:
    """Time is given, not waited for: the look that the gateway takes every minute, with a moment of the test's."""
    gateway = PilotGateway(config=gateway_config(make_site()))
    gateway.initialize([])
    backend = gateway.backend
    await backend.setup(gateway.app)
    try:
        name = await backend.start_cluster(PilotUser("u" + "a" * 24, ["pilot-one"]), {})
        cluster = await backend.get_cluster(name)
        await backend.end_clusters_started_before(cluster.start_time)
        assert backend.db.get_cluster(name).is_active()
        await backend.end_clusters_started_before(timestamp() + 1)
        assert not backend.db.get_cluster(name).is_active()
        await backend.db.get_cluster(name).shutdown
    finally:
        await backend.cleanup()


@pytest.mark.parametrize("port", ["gateway", "gateway_proxy"])
def test_a_taken_port_is_a_sentence(make_site: Callable[[], Site], port: str) -> None:
    site = make_site()
    with socket.create_server(("127.0.0.1", getattr(site.ports, port))):
        done = subprocess.run(
            [sys.executable, "-m", "kontor.clusters", "--state", site.state], capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {getattr(site.ports, port)}, meant for the clusters' gateway, is taken.")
    assert "Traceback" not in done.stderr


def test_no_installation_is_a_sentence(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kontor.clusters", "--state", tmp_path], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "Start it with `kontor up`" in done.stderr
    assert "Traceback" not in done.stderr
