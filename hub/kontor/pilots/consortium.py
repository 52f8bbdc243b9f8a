"""The consortium's list: every pilot that was approved, with filters that combine; and who may see it.

Proposals are nobody else's business; people are counted and never named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from kontor.errors import NotAllowed
from kontor.people.offices import Offices
from kontor.pilots import members
from kontor.pilots.helix import COUNTRIES, OTHER, SECTORS, Organisation
from kontor.pilots.snapshot import LISTED, Entry, folded
from kontor.words import _

SORTS: Final = ("title", "starts", "ends", "people")


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
