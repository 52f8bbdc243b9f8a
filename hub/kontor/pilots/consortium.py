"""The consortium: every pilot at a glance, with its mix, its numbers, and filters that combine.

    listed       pilots that were approved: approved, active, closing, archived. Proposals are nobody else's business.
    snapshot     what the database says about all pilots at once; kept until the log moves on or a minute has passed,
                 so that a page costs one small question and not a reading of every table

People are counted here and never named.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import now as this_moment
from kontor.errors import NotAllowed
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.people.partners import Partners
from kontor.pilots import members, store
from kontor.pilots.helix import COUNTRIES, OTHER, SECTORS, Mix, Organisation, mix
from kontor.pilots.lifecycle import Mode
from kontor.pilots.store import Pilot
from kontor.words import _

LISTED: Final = ("approved", "active", "closing", "archived")
SORTS: Final = ("title", "starts", "ends", "people")
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
    people_by_country : mapping
        Each person counted once, however many pilots they are in; `other` for no or another country.
    drawn : dict
        What pages have drawn of this snapshot; thrown away with it.
    """

    entries: tuple[Entry, ...]
    people: int
    people_by_country: Mapping[str, int]
    drawn: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

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


@dataclass(frozen=True)
class Filters:
    """What is asked for; an empty text asks for everything.

    `country` and `sector` together ask for an organisation that is both: a hospital in Denmark. `partner` asks for
    an organisation by slug, `text` for words that all occur in the pilot's texts or the names of its organisations.
    """

    country: str = ""
    sector: str = ""
    partner: str = ""
    facility: str = ""
    technique: str = ""
    state: str = ""
    text: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The filters that ask for something."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}

    def but(self, **values: str) -> Filters:
        """These filters with others in place of some."""
        return replace(self, **values)

    def keep(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries that were asked for, in their order."""
        words = folded(self.text).split()
        return [one for one in entries if self._fits(one) and all(word in one.searched for word in words)]

    def _fits(self, one: Entry) -> bool:
        pilot = one.pilot
        return (
            (not self.state or pilot.state == self.state)
            and (not self.facility or pilot.facility == self.facility)
            and (not self.technique or pilot.technique == self.technique)
            and (not self.partner or any(each.slug == self.partner for each in one.mix.organisations))
            and (
                not (self.country or self.sector)
                or any(
                    (not self.country or place(each) == self.country)
                    and (not self.sector or each.sector == self.sector)
                    for each in one.mix.organisations
                )
            )
        )


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
    return Snapshot(tuple(entries), len(busy), Counter(_country(*homes[name], partners) for name in busy))


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


def place(one: Organisation) -> str | None:
    """The country by which an organisation is filtered: one of COUNTRIES, `other`, or None if nobody said."""
    return one.country if one.country in COUNTRIES or one.country is None else OTHER


def arranged(entries: Iterable[Entry], sort: str) -> list[Entry]:
    """Entries by title, by first day (newest first), by last day (soonest first, open end last) or by people (most)."""
    by_title = sorted(entries, key=lambda one: folded(one.pilot.title))
    if sort == "starts":
        return sorted(by_title, key=lambda one: one.pilot.starts, reverse=True)
    if sort == "ends":
        return sorted(by_title, key=lambda one: one.pilot.ends or date.max)
    return sorted(by_title, key=lambda one: -one.people) if sort == "people" else by_title


def choices(entries: Iterable[Entry], filters: Filters, name: str) -> dict[str, int]:
    """What a filter may be set to, and how many entries it would leave beside the other filters."""
    kept = filters.but(**{name: ""}).keep(entries)
    found = Counter(value for one in kept for value in _values(one, filters, name))
    if name in ("country", "sector", "state"):
        order = {"country": (*COUNTRIES, OTHER), "sector": SECTORS, "state": LISTED}[name]
        return {value: found[value] for value in order if found[value]}
    return dict(sorted(found.items(), key=lambda item: folded(item[0])))


def _values(one: Entry, filters: Filters, name: str) -> set[str]:
    if name == "country":
        fitting = (each for each in one.mix.organisations if filters.sector in ("", each.sector))
        return {value for each in fitting if (value := place(each))}
    if name == "sector":
        fitting = (each for each in one.mix.organisations if filters.country in ("", place(each)))
        return {each.sector for each in fitting if each.sector}
    if name == "partner":
        return {each.slug for each in one.mix.organisations}
    value = getattr(one.pilot, name)
    return {value} if value else set()


def must_see(
    session: Session, account: str, *, partner: str | None, offices: Offices, now: datetime | None = None
) -> None:
    """Raise NotAllowed (`not_in_the_consortium`) unless somebody may see the consortium's list.

    People of a partner may, whoever is a member of a listed pilot, and whoever holds an office.
    """
    if (
        partner is None
        and offices.of(account) is None
        and not members.pilots_of(session, account, states=LISTED, now=now)
    ):
        raise NotAllowed(
            _("This list is for the consortium's partners and for members of pilots. Ask the lead of a pilot."),
            code="not_in_the_consortium",
        )


def folded(text: str) -> str:
    """Text as it is compared: without case and accents, so that `skane` finds Skåne."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char)).translate(_LETTERS)


def _given(pilot: Pilot) -> list[str]:
    return [value for value in (pilot.technique, pilot.facility) if value]
