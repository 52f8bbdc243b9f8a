"""A real object store for the tests of this folder: SeaweedFS on free loopback ports, ended by its own process id."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import psutil
import pytest

from kontor.data import objectstore
from kontor.data.credentials import Broker
from kontor.data.objectstore import StorePorts
from kontor.data.store_access import BUCKET, StoreSecrets

BYSTANDER = ("bystander-key", "bystander-secret")


@dataclass
class RunningStore:
    """A store's process; `started` and `stopped` are the seconds that it took."""

    folder: Path
    ports: StorePorts
    secrets: StoreSecrets
    process: subprocess.Popen[bytes]
    started: float = 0.0
    stopped: float = field(default=0.0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.s3}"

    def client(self, service: str = "s3") -> Any:
        return objectstore.client(service, self.url, self.secrets.admin_key, self.secrets.admin_secret)

    def broker(self) -> Broker:
        return Broker(self.url, self.secrets.broker_key, self.secrets.broker_secret)

    def listens_on(self) -> set[tuple[str, int]]:
        found = psutil.Process(self.process.pid).net_connections("inet")
        return {(one.laddr.ip, one.laddr.port) for one in found if one.status == psutil.CONN_LISTEN}

    def log(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def stop(self) -> int:
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.stopped = time.monotonic() - began
        return code


def make_secrets() -> StoreSecrets:
    return StoreSecrets(*(secrets.token_hex(32) for _ in fields(StoreSecrets)))


def start_store(folder: Path, ports: StorePorts, keys: StoreSecrets) -> RunningStore:
    """Start a store that also knows a bystander, who may read and nothing else; return when it answers."""
    command = objectstore.write_config(folder, ports=ports, secrets=keys)
    identities = folder / "config" / "identities.json"
    known = json.loads(identities.read_text())
    credentials = [{"accessKey": BYSTANDER[0], "secretKey": BYSTANDER[1]}]
    known["identities"].append({"name": "bystander", "credentials": credentials, "actions": ["Read", "List"]})
    identities.write_text(json.dumps(known))
    began = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=objectstore.environment()
        )
    store = RunningStore(folder, ports, keys, process)
    try:
        wait_until(lambda: process.poll() is not None or objectstore.ready(store.url), 60)
        assert process.poll() is None, store.log()
    except BaseException:
        process.kill()
        process.wait()
        raise
    store.started = time.monotonic() - began
    return store


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return once `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.05)


@contextlib.contextmanager
def running_store(
    folder: Path, ports: StorePorts | None = None, keys: StoreSecrets | None = None
) -> Iterator[RunningStore]:
    store = start_store(folder, ports or StorePorts.choose(), keys or make_secrets())
    try:
        yield store
    finally:
        if store.process.poll() is None:
            store.stop()
        objectstore.remove_sockets(store.ports)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """One store for all tests, with its bucket and all its doors up (the admin's is up after the gateway's)."""
    with running_store(tmp_path_factory.mktemp("store") / "store") as one:
        objectstore.ensure_bucket(one.client())
        wait_until(lambda: len(one.listens_on()) >= len(vars(one.ports)), 30)
        yield one


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningStore]]:
    """Start stores of one's own; all are stopped at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda **how: stack.enter_context(running_store(tmp_path / "own", **how))


@pytest.fixture(scope="session")
def seeded(store: RunningStore) -> RunningStore:
    """The store with objects of two pilots, `knee` and `knee-mr`; each says whose it is."""
    for pilot in ("knee", "knee-mr"):
        for key in (f"raw/{pilot}/scan", f"results/{pilot}/fit", f"scratch/{pilot}/tmp", f"outbox/{pilot}/out"):
            store.client().put_object(Bucket=BUCKET, Key=key, Body=f"of {pilot}".encode())
    return store
