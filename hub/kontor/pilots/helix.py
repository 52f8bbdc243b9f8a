"""The mix of a pilot: which kinds of organisation take part, and from which countries.

main sectors     academia, hospital, company, infrastructure: a pilot that has all four is a whole helix
missing          main sectors that nobody in the pilot stands for; pages hint at it, nothing refuses it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kontor.people.partners import Partners
from kontor.pilots.store import TakesPart
from kontor.words import N_, _

MAIN: Final = ("academia", "hospital", "company", "infrastructure")
SECTORS: Final = (*MAIN, "region", "cluster")
COUNTRIES: Final = ("SE", "DK", "DE", "NO")
OTHER: Final = "other"

HINTS: Final = {
    "academia": N_("No university takes part yet. A pilot may begin without; one that joins later can be added."),
    "hospital": N_(
        "No hospital takes part yet. A pilot may begin without; a hospital tends to know what a result would change "
        "for patients."
    ),
    "company": N_(
        "No company takes part yet. A pilot may begin without; a company tends to know what a result would need to "
        "be used."
    ),
    "infrastructure": N_(
        "No research facility takes part yet. A pilot may begin without; a facility tends to know what else could be "
        "measured."
    ),
}
ABSENT: Final = {
    "academia": N_("university"),
    "hospital": N_("hospital"),
    "company": N_("company"),
    "infrastructure": N_("facility"),
}


@dataclass(frozen=True)
class Organisation:
    """Somebody who takes part; `sector` and `country` are None where nobody said."""

    slug: str
    name: str
    sector: str | None
    country: str | None


@dataclass(frozen=True)
class Mix:
    """The organisations of a pilot, in the order of `SECTORS`, and how many there are of each kind.

    Parameters
    ----------
    sectors : dict
        Every sector -> number of organisations.
    countries : dict
        Each of COUNTRIES and `other` -> number of organisations; those of unknown country are left out.
    """

    organisations: tuple[Organisation, ...]
    sectors: dict[str, int]
    countries: dict[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """The main sectors that nobody stands for."""
        return tuple(sector for sector in MAIN if not self.sectors[sector])

    @property
    def crosses_borders(self) -> bool:
        """Whether organisations of more than one country take part."""
        return len({one.country for one in self.organisations if one.country}) > 1

    @property
    def columns(self) -> list[tuple[str, list[Organisation]]]:
        """Sector -> its organisations, for the picture: the main four always, the others if somebody is in them."""
        found = {sector: [one for one in self.organisations if one.sector == sector] for sector in SECTORS}
        return [(sector, group) for sector, group in found.items() if group or sector in MAIN]

    @property
    def hint(self) -> str | None:
        """What the mix lacks and why it may matter, never a refusal; None if all main sectors are there."""
        if not self.organisations:
            return _("No organisation is named yet. Name those who take part, so that others see who works on this.")
        missing = self.missing
        if not missing:
            return None
        if len(missing) == 1:
            return _(HINTS[missing[0]])
        return _("Not in this pilot yet: {absent}. It may begin without; more can join at any time.").format(
            absent=", ".join(_(ABSENT[sector]) for sector in missing)
        )


def mix(organisations: Sequence[TakesPart], partners: Partners) -> Mix:
    """The mix of these organisations.

    Parameters
    ----------
    partners : Partners
        The table that knows name, sector and country of the consortium's partners. What stands in it is never
        replaced by what somebody typed.
    """
    found = [_resolved(one, partners) for one in organisations]
    found.sort(key=lambda one: (SECTORS.index(one.sector) if one.sector in SECTORS else len(SECTORS), one.name))
    sectors = Counter(one.sector for one in found)
    countries = Counter(one.country if one.country in COUNTRIES else OTHER for one in found if one.country)
    return Mix(
        tuple(found),
        {sector: sectors[sector] for sector in SECTORS},
        {country: countries[country] for country in (*COUNTRIES, OTHER)},
    )


def _resolved(one: TakesPart, partners: Partners) -> Organisation:
    partner = partners.get(one.slug)
    if partner is not None:
        return Organisation(one.slug, partner.name, partner.sector, partner.country)
    return Organisation(one.slug, one.name or one.slug.removeprefix("company."), one.sector, one.country)
