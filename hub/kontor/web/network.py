"""The picture of the consortium: partners at both sides by country, pilots between, a line for each taking part.

Everything has a place that follows from the data alone, so the picture is the same for everybody and at every visit:
a pilot lies as high as its partners on average, and the more to the middle the more it joins both sides. Organisations
that are no partners of the consortium are one knot for each country and kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from typing import Final

from kontor.people.partners import Partners
from kontor.pilots.consortium import Filters, place
from kontor.pilots.helix import SECTORS, Organisation
from kontor.pilots.snapshot import Entry

WIDTH: Final = 960
SIDES: Final = {"left": ("NO", "DK", "other"), "right": ("SE", "DE")}
KNOT_X: Final = {"left": 206, "right": WIDTH - 206}
FIELD: Final = (290, WIDTH - 290)
TOP, PITCH, HEADING, GAP = 44, 24, 26, 16
SPOT_GAP: Final = 27
LABELLED_GAP: Final = 44
LABELLED_UP_TO: Final = 10
LONGEST_LABEL: Final = 27


@dataclass(frozen=True)
class Heading:
    """The name of a country above its knots."""

    country: str
    side: str
    x: int
    y: int


@dataclass(frozen=True)
class Knot:
    """A partner, or the other organisations of one kind and country; `path` are its lines, `count` its pilots."""

    label: str
    name: str
    country: str
    sector: str
    others: int
    filters: Filters
    side: str
    x: int
    y: int
    count: int = 0
    path: str = ""


@dataclass(frozen=True)
class Spot:
    """A pilot; `path` are its lines."""

    entry: Entry
    x: int
    y: int
    radius: float
    path: str


@dataclass(frozen=True)
class Network:
    """The picture, ready to be drawn. With few pilots each has its title beside it."""

    height: int
    headings: Sequence[Heading]
    knots: Sequence[Knot]
    spots: Sequence[Spot]
    path: str
    labelled: bool


def network(entries: Sequence[Entry], partners: Partners, filters: Filters) -> Network:
    """The picture of these pilots and all partners.

    Parameters
    ----------
    filters : Filters
        What the page asks for already; every knot adds itself to it.
    """
    groups = _groups(entries, partners, filters)
    labelled = len(entries) <= LABELLED_UP_TO
    tall = max(sum(_tall(groups.get(country, [])) for country in countries) for countries in SIDES.values())
    height = max(tall, len(entries) * LABELLED_GAP if labelled else 0) + TOP + 10
    headings, knots = _columns(groups, height)
    ends = {_key(knot): knot for knot in knots}
    joined = {one.pilot.slug: _ends(one, partners, ends) for one in entries}
    spots = _spots(entries, joined, height, LABELLED_GAP if labelled else SPOT_GAP)
    lines: dict[Knot, list[str]] = {}
    for spot in spots:
        for knot in joined[spot.entry.pilot.slug]:
            lines.setdefault(knot, []).append(_line(knot, spot.x, spot.y))
    drawn = [
        Knot(**{**vars(knot), "count": len(lines.get(knot, ())), "path": "".join(lines.get(knot, ()))})
        for knot in knots
    ]
    return Network(height, headings, drawn, spots, "".join(spot.path for spot in spots), labelled)


def _groups(entries: Iterable[Entry], partners: Partners, filters: Filters) -> dict[str, list[Knot]]:
    """Country -> its knots without places: partners in the table's order, then the other organisations by kind."""
    found: dict[str, list[Knot]] = {}
    for one in partners:
        shown = Knot(short(one.name), one.name, one.country, one.sector, 0, filters.but(partner=one.slug), "", 0, 0)
        found.setdefault(one.country, []).append(shown)
    others: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        for each in entry.mix.organisations:
            if partners.get(each.slug) is None and each.sector and (country := place(each)):
                others.setdefault((country, each.sector), set()).add(each.slug)
    for (country, sector), slugs in sorted(others.items(), key=lambda item: SECTORS.index(item[0][1])):
        asked = filters.but(country=country, sector=sector, partner="")
        found.setdefault(country, []).append(Knot("", "", country, sector, len(slugs), asked, "", 0, 0))
    return found


def _tall(group: Sequence[Knot]) -> int:
    return HEADING + PITCH * len(group) + GAP if group else 0


def _columns(groups: dict[str, list[Knot]], height: int) -> tuple[list[Heading], list[Knot]]:
    headings: list[Heading] = []
    knots: list[Knot] = []
    for side, countries in SIDES.items():
        x = KNOT_X[side]
        y = TOP + (height - TOP - sum(_tall(groups.get(country, [])) for country in countries)) // 2
        for country in countries:
            group = groups.get(country, [])
            if not group:
                continue
            headings.append(Heading(country, side, x, y + HEADING - 10))
            y += HEADING
            for knot in group:
                knots.append(Knot(**{**vars(knot), "side": side, "x": x, "y": y + PITCH // 2}))
                y += PITCH
            y += GAP
    return headings, knots


def _key(knot: Knot) -> tuple[str, ...]:
    return (knot.country, knot.sector) if knot.others else (knot.filters.partner,)


def _ends(entry: Entry, partners: Partners, knots: dict[tuple[str, ...], Knot]) -> list[Knot]:
    """The knots to which a pilot has lines."""
    return list(dict.fromkeys(knots[key] for one in entry.mix.organisations if (key := _end(one, partners)) in knots))


def _end(one: Organisation, partners: Partners) -> tuple[str, ...]:
    return (one.slug,) if partners.get(one.slug) else (place(one) or "", one.sector or "")


def _spots(entries: Sequence[Entry], joined: dict[str, list[Knot]], height: int, gap: int) -> list[Spot]:
    """Places for pilots: columns from one side to the other, each in the order of its pilots' partners."""
    if not entries:
        return []
    rows = max(1, (height - TOP) // gap)
    columns = ceil(len(entries) / rows)
    wide = (FIELD[1] - FIELD[0]) / columns

    def leaning(one: Entry) -> tuple[float, str]:
        ends = joined[one.pilot.slug]
        return (sum(end.x for end in ends) / len(ends) if ends else WIDTH / 2, one.pilot.slug)

    order = sorted(entries, key=leaning)
    each = ceil(len(order) / columns)
    found: list[Spot] = []
    for number in range(columns):
        x = round(FIELD[0] + wide * (number + 0.5))
        group = order[number * each : (number + 1) * each]
        wanted = sorted((_middle(joined[one.pilot.slug], height), one.pilot.slug, one) for one in group)
        low = TOP + gap / 2 + (gap / 2 if number % 2 and columns > 1 and each < rows else 0)
        places = spaced([y for y, _slug, _one in wanted], gap, low, height - gap / 2)
        for (_y, slug, one), y in zip(wanted, places, strict=True):
            path = "".join(_line(knot, x, y) for knot in joined[slug])
            found.append(Spot(one, x, y, round(4.5 + min(4.5, 0.7 * sqrt(one.people)), 1), path))
    return found


def _middle(ends: Sequence[Knot], height: int) -> float:
    return sum(end.y for end in ends) / len(ends) if ends else height / 2


def spaced(wanted: Sequence[float], gap: float, low: float, high: float) -> list[int]:
    """Places near those that are wanted (ascending), at least `gap` apart and between `low` and `high` if they fit."""
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    places = list(wanted)
    places[0] = max(places[0], low)
    for before, after in pairwise(range(len(places))):
        places[after] = max(places[after], places[before] + gap)
    places[-1] = min(places[-1], high)
    for after, before in pairwise(range(len(places) - 1, -1, -1)):
        places[before] = min(places[before], places[after] - gap)
    shift = (sum(wanted) - sum(places)) / len(places)
    shift = min(max(shift, low - places[0]), high - places[-1])
    return [round(one + shift) for one in places]


def _line(knot: Knot, x: int, y: int) -> str:
    middle = (knot.x + x) // 2
    return f"M{knot.x} {knot.y}C{middle} {knot.y} {middle} {y} {x} {y}"


def short(name: str) -> str:
    """A partner's name as it fits beside its knot: what stands in brackets if it is long, else the beginning."""
    if len(name) <= LONGEST_LABEL:
        return name
    head, bracket, rest = name.partition(" (")
    if bracket and len(rest) <= LONGEST_LABEL:
        return rest.removesuffix(")")
    return head if len(head) <= LONGEST_LABEL else head[: LONGEST_LABEL - 1].rstrip() + "…"
