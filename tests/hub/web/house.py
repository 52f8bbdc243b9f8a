"""The service with everything real but the far edges: a small hub on loopback, a broker and a gateway that record."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs

import httpx
from fastapi import FastAPI

from kontor import names
from kontor.clusters.client import ClusterInfo
from kontor.data import catalogue
from kontor.data.credentials import session_policy
from kontor.database import engine_for, session_factory, upgrade
from kontor.pilots import demo, members, store
from kontor.settings import Settings
from kontor.site import Ports, Site

SECRETS = (
    "service-token",
    "session-secret",
    "cluster-signing-key",
    "store-broker-key",
    "store-broker-secret",
    "store-warden-key",
    "store-warden-secret",
)
PNG = b"\x89PNG\r\n\x1a\n picture"
NASTY = "<script>alert('x')</script> & \"co\""


def account(persona: str) -> str:
    """Account name of a demo persona."""
    return names.account_name("demo", f"{persona}-0001@demo.kontor.localhost")


@dataclass
class SmallHub:
    """What of JupyterHub's API the service uses. `owners` maps tokens to user models."""

    owners: dict[str, dict[str, Any]] = field(default_factory=dict)
    servers: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    exchanges: list[dict[str, str]] = field(default_factory=list)
    shut_out: set[str] = field(default_factory=set)
    broken: bool = False

    def user(self, name: str, token: str, *, kind: str = "user", scope: str = "access:services!service=lobby") -> str:
        self.owners[token] = {"kind": kind, "name": name, "scopes": [scope]}
        return token

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if self.broken:
            return 500, {}
        if path == "/hub/api/user":
            return (200, self.owners[token]) if token in self.owners else (403, {"message": "no"})
        if path == "/hub/api/oauth2/token":
            form = {key: value[0] for key, value in parse_qs(body.decode()).items()}
            self.exchanges.append(form)
            found = self.codes.pop(form["code"], None)
            return (200, {"access_token": found}) if found else (400, {"error": "invalid_grant"})
        if path.startswith("/hub/api/shares/ws-"):
            people = [one["name"] for one in self.owners.values() if one["name"] not in self.shut_out]
            return 200, {"items": [{"user": {"name": name}} for name in people], "_pagination": {"next": None}}
        name, _, rest = path.removeprefix("/hub/api/users/").partition("/")
        if name not in self.servers:
            return 404, {"message": "no such user"}
        if (method, rest) == ("POST", "server"):
            self.started.append(name)
            self.servers[name] = {"ready": False, "pending": "spawn"}
            return 202, None
        server = self.servers[name]
        return 200, {"kind": "user", "name": name, "servers": {"": server} if server else {}}


class RecordingBroker:
    """Checks as the real one does, and hands out made-up keys."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str | None, str]] = []
        self.generations: list[int | None] = []

    def credentials(
        self, pilot: str, role: str | None, *, caller: str, generation: int | None = None, seconds: int = 900
    ) -> dict[str, str]:
        session_policy(pilot, role)
        self.given.append((pilot, role, caller))
        self.generations.append(generation)
        return {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2030-01-01T00:00:00Z"}


class RecordingClusters:
    """A gateway that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.running: list[ClusterInfo] = []
        self.refusal: Exception | None = None

    async def list(self, pilot: str | None = None) -> list[ClusterInfo]:
        return [one for one in self.running if one.pilot == pilot]

    async def start(self, pilot: str, *, workers: int, started_by: str) -> str:
        if self.refusal:
            raise self.refusal
        self.asked.append(("start", pilot, workers, started_by))
        return "c1"

    async def scale(self, pilot: str, name: str, workers: int) -> None:
        self.asked.append(("scale", pilot, name, workers))

    async def stop(self, pilot: str, name: str, *, asked_by: str = "") -> None:
        self.asked.append(("stop", pilot, name))

    async def close(self) -> None:
        return


class Pictures:
    """The store's previews; asked only after the register and the pilot have said yes."""

    def picture(self, dataset: catalogue.DataSet, role: str, account: str) -> bytes:
        return PNG


@dataclass
class House:
    """The service and its surroundings, seeded with the demo people and pilots."""

    site: Site
    app: FastAPI
    hub: SmallHub
    broker: RecordingBroker
    clusters: RecordingClusters
    tokens: dict[str, str]

    @property
    def origin(self) -> str:
        return self.site.public_url_of("lobby")

    @property
    def prefix(self) -> str:
        return self.site.service_prefix

    def browser(self, persona: str | None = None) -> httpx.AsyncClient:
        """A browser at the service's address; with a persona, signed in."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=self.origin)
        if persona is not None:
            sealed = self.app.state.signin._sessions.close({"token": self.tokens[persona]})
            client.cookies.set("kontor-session", sealed)
        return client

    def session(self) -> Any:
        return session_factory(self.site.database_url)()


def a_cluster(pilot: str, name: str = "c1", **values: Any) -> ClusterInfo:
    begin = datetime.now(UTC) - timedelta(minutes=3)
    given = {"status": "running", "workers": 2, "wanted": 2, "started_by": account("maja"), **values}
    return ClusterInfo(name=name, pilot=pilot, started_at=begin, ends_at=begin + timedelta(hours=12), **given)


def a_data_set(pilot: str = "knee-mr", name: str = "brain-mr", **values: Any) -> catalogue.DataSet:
    given = {
        "title": "A volume",
        "technique": "MR",
        "format": "nifti",
        "size": 1617531,
        "sha256": "0" * 64,
        "origin": "Somewhere",
        "licence": "CC0",
        "object": f"raw/{pilot}/{name}/file.nii.gz",
        "zarr": f"raw/{pilot}/{name}.zarr",
        "preview": f"raw/{pilot}/{name}.png",
        **values,
    }
    return catalogue.DataSet(pilot=pilot, name=name, **given)


def fill(site: Site) -> None:
    """Give an installation a database with the demo in it; it is made once, because that takes longer than a test."""
    (site.state / "kontor.sqlite").write_bytes(_seeded())


@cache
def _seeded() -> bytes:
    with TemporaryDirectory() as folder:
        site = Site(Path(folder), Settings(), Ports.choose(8000), Path(folder))
        upgrade(site.database_url)
        _seed(site)
        with closing(sqlite3.connect(site.state / "kontor.sqlite")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        engine_for(site.database_url).dispose()
        return (site.state / "kontor.sqlite").read_bytes()


def _seed(site: Site) -> None:
    with session_factory(site.database_url)() as session, session.begin():
        demo.seed(session)
        catalogue.register(session, a_data_set(title=NASTY))
        pilot = store.get(session, "battery-neutrons")
        assert pilot is not None
        store.create(session, store.Pilot(**{**vars(pilot), "title": f"Nasty {NASTY}"}))
        ended = {**vars(pilot), "slug": "long-ago", "title": "Long ago", "state": "archived"}
        store.create(session, store.Pilot(**ended))
        members.add(session, "long-ago", account("maja"), "lead")
