"""Who asks, for the table of routes: one person for each role in the pilot `knee-mr`, the offices, and the tokens."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from kontor import names
from kontor.pilots import members
from kontor.pilots.snapshot import Consortium
from tests.hub.web.house import House, account

PILOT = "knee-mr"

# column -> persona; nobody has none
PEOPLE: dict[str, str] = {
    "stranger": "nils",
    "other": "erik",
    "viewer": "tove",
    "reviewer": "greta",
    "runner": "anke",
    "editor": "jonas",
    "lead": "maja",
    "pilot-steward": "kari",
    "steward": "henrik",
    "operator": "ingrid",
}
TOKENS = ("lab", "workspace", "cluster")
PAGE_COLUMNS = ("nobody", *PEOPLE)
API_COLUMNS = (*PAGE_COLUMNS, *TOKENS)
NEW_MEMBERS = {"viewer": "viewer", "reviewer": "reviewer", "pilot-steward": "steward"}


@dataclass(frozen=True)
class Route:
    """One method of one route, as the application has it."""

    method: str
    path: str

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: FastAPI, prefix: str) -> list[Route]:
    """Every route of the service, also those of included routers; not files below `static`."""
    found = set()
    for one in iter_route_contexts(app.routes):
        for method in (one.methods or set()) - {"HEAD"}:
            found.add(Route(method, str(one.path).removeprefix(prefix)))
    return sorted(found, key=lambda one: (one.path, one.method))


def fill_roles(house: House) -> None:
    """Give every role of the pilot to somebody, and everybody their tokens."""
    with house.session() as session, session.begin():
        for column, role in NEW_MEMBERS.items():
            members.add(session, PILOT, account(PEOPLE[column]), role)
    for persona in PEOPLE.values():
        token = house.hub.user(account(persona), f"token-{persona}")
        house.hub.owners[token]["scopes"].append(names.MANAGE_SCOPE)
        house.tokens[persona] = token
    house.tokens["lab"] = house.hub.user(account("maja"), "token-lab-of-maja")


class Moment:
    """The house as it is now, to begin each call from the same state."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._live = Path(house.site.database_url.removeprefix("sqlite:///"))
        self._kept = self._live.with_name("kept.sqlite")
        self._folders, self._kept_folders = house.site.pilot_folders, house.site.pilot_folders.with_name("kept")
        self._servers = dict(house.hub.servers)
        self._watching = sqlite3.connect(self._live, check_same_thread=False)
        shutil.rmtree(self._kept_folders, ignore_errors=True)
        self._kept.unlink(missing_ok=True)
        self._copy(self._live, self._kept)
        shutil.copytree(self._folders, self._kept_folders)
        self._was = self._now()

    def is_still(self) -> bool:
        """Whether nothing was written, no file changed, and nobody asked to start anything."""
        return self._now() == self._was and not self._house.hub.started and not self._house.clusters.asked

    def again(self) -> None:
        """Everything as it was."""
        house, state = self._house, self._house.app.state
        (written, files), now = self._was, self._now()
        if now[0] != written:
            self._copy(self._kept, self._live)
        if now[1] != files:
            shutil.rmtree(self._folders)
            shutil.copytree(self._kept_folders, self._folders)
        if now != self._was:
            self._was = self._now()
        house.hub.servers = dict(self._servers)
        house.hub.started.clear()
        house.clusters.asked.clear()
        state.consortium = Consortium(state.partners)
        for door in (state.tries, state.shared_tries):
            door._limiter.storage.reset()

    def close(self) -> None:
        self._watching.close()

    def _now(self) -> tuple[int, list[tuple[str, int]]]:
        """SQLite's number that grows with what others commit, and all files with their times."""
        written = self._watching.execute("PRAGMA data_version").fetchone()[0]
        return written, list(_files_in(str(self._folders)))

    def _copy(self, source: Path, target: Path) -> None:
        one, other = sqlite3.connect(source), sqlite3.connect(target)
        try:
            one.backup(other)
        finally:
            one.close()
            other.close()


def _files_in(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as found:
        for one in sorted(found, key=lambda entry: entry.name):
            yield one.path, one.stat(follow_symlinks=False).st_mtime_ns
            if one.is_dir(follow_symlinks=False):
                yield from _files_in(one.path)
