"""The snapshot: all pilots at once with their mix and their numbers, as the lobby and the consortium's page show them.

It is read with one question for each table and kept until the log moves on or a minute has passed, so that a page
costs one small question. What pages draw of it is kept with it and thrown away with it. People are counted here and
never named.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.people import store as people
from kontor.people.partners import Partners
from kontor.pilots import members, store
from kontor.pilots.budget import standing as budget
from kontor.pilots.helix import COUNTRIES, OTHER, Mix, mix
from kontor.pilots.lifecycle import Mode
from kontor.pilots.store import Pilot

Made = TypeVar("Made")
LISTED: Final = ("approved", "active", "closing", "archived")
MOST_KEPT: Final = {"page": 200, "row": 5000, "news": 2000}
"""How much is kept of what pages draw, by kind; more than that is drawn again each time."""
_LETTERS: Final = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ł": "l"})


@dataclass(frozen=True)
class Entry:
    """A pilot with its mix and how many people it has, by country and sector of their partner."""

    pilot: Pilot
    mix: Mix
    mode: Mode
    people: int
    people_by_country: Mapping[str, int]
    people_by_sector: Mapping[str, int]

    @property
    def listed(self) -> bool:
        """Whether it stands in the consortium's list."""
        return self.pilot.state in LISTED

    @cached_property
    def searched(self) -> str:
        """The words in which a search looks."""
        pilot = self.pilot
        names = [one.name for one in self.mix.organisations]
        return folded(" ".join([pilot.slug, pilot.title, pilot.question, *_given(pilot), *names]))


@dataclass(frozen=True)
class Snapshot:
    """All pilots, by title, and the people in those that work now.

    Parameters
    ----------
    used : mapping
        Percent of its budget that each active pilot has used.
    roles : mapping
        Account name -> slug -> role, for lists of one's own pilots. What somebody may do is asked of `standing`.
    people_by_country : mapping
        Each person counted once, however many pilots they are in; `other` for no or another country.
    """

    entries: tuple[Entry, ...]
    people: int
    people_by_country: Mapping[str, int]
    used: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    _drawn: dict[str, dict[Hashable, Any]] = field(
        default_factory=lambda: {kind: {} for kind in MOST_KEPT}, compare=False, repr=False
    )

    def once(self, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes, made once for this snapshot; `kind` is a key of MOST_KEPT."""
        kept = self._drawn[kind]
        if key in kept:
            found: Made = kept[key]
            return found
        made = make()
        if len(kept) < MOST_KEPT[kind]:
            kept[key] = made
        return made

    @cached_property
    def listed(self) -> tuple[Entry, ...]:
        """The entries of the consortium's list."""
        return tuple(one for one in self.entries if one.listed)

    @cached_property
    def by_slug(self) -> dict[str, Entry]:
        return {one.pilot.slug: one for one in self.entries}

    @cached_property
    def working(self) -> int:
        """How many pilots work now."""
        return sum(one.mode == "working" for one in self.entries)

    @cached_property
    def waiting(self) -> int:
        """How many proposals wait for a decision."""
        return sum(one.pilot.state == "proposed" for one in self.entries)


class Consortium:
    """Reads snapshots, and keeps the last one.

    Parameters
    ----------
    partners : Partners
    """

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._lock = threading.Lock()
        self._kept: tuple[tuple[int, str], Snapshot] | None = None

    def now(self, session: Session, *, now: datetime | None = None) -> Snapshot:
        """The snapshot of this moment. Whatever changes a pilot is in the log, so its last number tells of changes."""
        moment = now or this_moment()
        key = (trail.last_number(session), moment.strftime("%Y-%m-%d %H:%M"))
        kept = self._kept
        if kept is not None and kept[0] == key:
            return kept[1]
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = (key, read(session, self._partners, now=moment))
            return self._kept[1]


def read(session: Session, partners: Partners, *, now: datetime | None = None) -> Snapshot:
    """All pilots as the database has them: one question for each table."""
    pilots = store.everything(session)
    slugs = [one.slug for one in pilots]
    organisations = store.partners_of(session, slugs)
    belonging = members.of_many(session, slugs, now=now)
    homes = people.homes(session, {name for group in belonging.values() for name in group})
    entries = [
        _entry(pilot, mix(organisations.get(pilot.slug, []), partners), belonging[pilot.slug], homes, partners, now)
        for pilot in pilots
    ]
    busy = {name for one in entries if one.mode == "working" for name in belonging[one.pilot.slug] if name in homes}
    countries = Counter(_country(*homes[name], partners) for name in busy)
    used = budget.shares_of(session, [one.slug for one in pilots if one.state == "active"])
    return Snapshot(tuple(entries), len(busy), countries, used, _roles(belonging))


def _roles(belonging: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for slug, group in belonging.items():
        for name, role in group.items():
            found.setdefault(name, {})[slug] = role
    return found


def _entry(
    pilot: Pilot,
    found: Mix,
    belonging: Mapping[str, str],
    homes: Mapping[str, tuple[str | None, str | None]],
    partners: Partners,
    now: datetime | None,
) -> Entry:
    known = [homes[name] for name in belonging if name in homes]
    sectors = Counter(_sector(partner, partners) for partner, _country_ in known)
    countries = Counter(_country(partner, country, partners) for partner, country in known)
    return Entry(pilot, found, pilot.mode(now), len(known), countries, sectors)


def _sector(slug: str | None, partners: Partners) -> str:
    partner = partners.get(slug) if slug else None
    return partner.sector if partner else OTHER


def _country(slug: str | None, country: str | None, partners: Partners) -> str:
    partner = partners.get(slug) if slug else None
    found = partner.country if partner else country
    return found if found in COUNTRIES else OTHER


def folded(text: str) -> str:
    """Text as it is compared: without case and accents, so that `skane` finds Skåne."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char)).translate(_LETTERS)


def _given(pilot: Pilot) -> list[str]:
    return [value for value in (pilot.technique, pilot.facility) if value]
