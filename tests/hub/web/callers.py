"""Who asks, for the table of routes: one person for each role in the pilot `knee-mr`, the offices, and the tokens."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from kontor import names
from kontor.pilots import members
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
PAGE_COLUMNS = ("nobody", *PEOPLE)
API_COLUMNS = ("nobody", *PEOPLE, "lab", "workspace", "cluster")
NEW_MEMBERS = {"viewer": "viewer", "reviewer": "reviewer", "pilot-steward": "steward"}


@dataclass(frozen=True)
class Route:
    """One method of one route, as the application has it."""

    method: str
    path: str

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

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
    """The database as it was, to begin each call from the same state."""

    def __init__(self, house: House) -> None:
        self._live = Path(house.site.database_url.removeprefix("sqlite:///"))
        self._kept = self._live.with_name("kept.sqlite")
        with sqlite3.connect(self._live) as live, sqlite3.connect(self._kept) as kept:
            live.backup(kept)
        kept.close()
        live.close()
        self._house = house
        self._folders = house.site.pilot_folders

    def again(self) -> None:
        """Everything as it was."""
        with sqlite3.connect(self._kept) as kept, sqlite3.connect(self._live) as live:
            kept.backup(live)
        kept.close()
        live.close()
        shutil.rmtree(self._folders, ignore_errors=True)


async def ask(house: House, route: Route, column: str, path: str, form: dict[str, Any], body: Any) -> httpx.Response:
    """One request as `column`: pages with a session cookie and our own Origin, the API with a token."""
    persona = PEOPLE.get(column)
    if route.is_api:
        token = house.tokens.get(persona or column)
        headers = {} if column == "nobody" else {"Authorization": f"Bearer {token}"}
        async with house.browser() as client:
            return await client.request(route.method, house.prefix + path, headers=headers, json=body)
    async with house.browser(persona) as client:
        headers = {"Origin": house.origin}
        return await client.request(route.method, house.prefix + path, headers=headers, data=form or None)
