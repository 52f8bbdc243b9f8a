"""Making the calls of the table: a row, who asks, and with whose objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from tests.hub.web.callers import PEOPLE, PILOT, Moment, fill_roles
from tests.hub.web.conftest import a_house, small_hub
from tests.hub.web.documents import join
from tests.hub.web.house import House, account
from tests.hub.web.objects import Objects, fill_pilot, use_up, version_of
from tests.hub.web.routes_table import OBJECTS, PLACE, Row

OTHER_PILOT = "battery-neutrons"


@dataclass
class Lived:
    """A house in which everybody and everything of the table is.

    Parameters
    ----------
    ours, theirs : Objects
        Of the pilot of the table, and of another one.
    version : int
        Of the pilot of the table, at that moment.
    """

    house: House
    moment: Moment
    ours: Objects
    theirs: Objects
    version: int

    async def ask(
        self, row: Row, column: str, *, foreign: bool = False, origin: str | None = "", token: str | None = None
    ) -> httpx.Response:
        """Make the call of a row.

        Parameters
        ----------
        foreign : bool
            With the other pilot's objects, in this pilot's address.
        origin : str or None
            Who says to have sent it; our own pages unless given, None for nobody.
        token : str, optional
            A token, instead of that of the column.
        """
        values = self._values(column, foreign)
        path, sent = self._path(row, values), _filled(row.send, values)
        if row.of.is_api:
            token = token or self.house.tokens.get(PEOPLE.get(column, column))
            headers = {} if column == "nobody" else {"Authorization": f"Bearer {token}"}
            async with self.house.browser() as client:
                return await client.request(row.of.method, path, headers=headers, json=sent or None)
        headers = {} if origin is None else {"Origin": origin or self.house.origin}
        files = {"file": ("new.txt", b"new")} if row.file else None
        async with self.house.browser(PEOPLE.get(column)) as client:
            return await client.request(row.of.method, path, headers=headers, data=sent or None, files=files)

    def _values(self, column: str, foreign: bool) -> dict[str, Any]:
        persona = PEOPLE.get(column, PEOPLE["lead"])
        values = {
            **self.ours.of(self.house, persona),
            "newcomer": account("erik"),
            "version": self.version,
        }
        return values | ({name: self.theirs.of(self.house, persona)[name] for name in OBJECTS} if foreign else {})

    def _path(self, row: Row, values: dict[str, Any]) -> str:
        path = row.of.path
        for place, name in row.places.items():
            path = path.replace(place, str(values.get(name, name)))
        return f"{self.house.prefix}{path}{'?' if row.query else ''}{_filled(row.query, values)}"

    def keep(self) -> Lived:
        """The same with its state of now as the one from which each call begins."""
        self.moment.close()
        return replace(self, moment=Moment(self.house), version=version_of(self.house, PILOT))


@asynccontextmanager
async def lived_in(folder: Path) -> AsyncIterator[Lived]:
    """A house with all roles, and objects in two pilots."""
    with small_hub() as hub:
        async with a_house(folder, hub) as house:
            fill_roles(house)
            join(house, "lars", "viewer")
            ours = fill_pilot(house, PILOT, lead="maja", editor="jonas", member="lars", mark="ours")
            theirs = fill_pilot(house, OTHER_PILOT, lead="erik", editor="anke", member="erik", mark="theirs")
            use_up(house, PILOT)
            yield Lived(house, Moment(house), ours, theirs, version_of(house, PILOT))


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A form, a body or a part of them, with objects in the place of their names."""
    if isinstance(template, Mapping):
        return {name: _filled(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [_filled(one, values) for one in template]
    if not isinstance(template, str):
        return template
    if (whole := PLACE.fullmatch(template)) is not None:
        return values[whole[1]]
    return PLACE.sub(lambda found: str(values[found[1]]), template)
