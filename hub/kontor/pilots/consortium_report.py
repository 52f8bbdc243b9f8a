"""The funder's report: the consortium's pilots as a table for other programs (CSV, RFC 4180).

A cell that a spreadsheet would take for a formula gets an apostrophe in front, so that a title cannot do anything
on the machine of whoever opens the report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Literal

from kontor.pilots.helix import COUNTRIES, OTHER, SECTORS
from kontor.pilots.snapshot import Entry

Flavour = Literal["plain", "excel"]
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS: Final = (
    "slug",
    "title",
    "state",
    "class",
    "technique",
    "facility",
    "starts",
    "ends",
    "countries",
    "sectors",
    "organisations",
    "people",
    *(f"people_{country.lower()}" for country in (*COUNTRIES, OTHER)),
    *(f"people_{sector}" for sector in SECTORS),
    "people_no_partner",
    "cross_border",
    "missing_sectors",
    "credits_used",
    "credits_budget",
)


def report(entries: Iterable[Entry], *, used: Mapping[str, float] | None = None, flavour: Flavour = "plain") -> str:
    """The table: a line of column names, then a line for each pilot, in the order of `entries`.

    Parameters
    ----------
    used : mapping, optional
        Credits used so far, by slug. Without it the columns about credits stay empty.
    flavour : str
        `plain` is RFC 4180: commas and CRLF. `excel` begins with a byte order mark and has semicolons, as Excel in
        Nordic and German settings wants it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";" if flavour == "excel" else ",", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([safe(value) for value in _line(entry, used)])
    return ("\ufeff" if flavour == "excel" else "") + text.getvalue()


def safe(value: str | int | date | None) -> str:
    """A value as a cell that no spreadsheet takes for a formula."""
    cell = "" if value is None else str(value)
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _line(entry: Entry, used: Mapping[str, float] | None) -> list[str | int | date | None]:
    pilot, mix = entry.pilot, entry.mix
    return [
        pilot.slug,
        pilot.title,
        pilot.state,
        pilot.class_,
        pilot.technique,
        pilot.facility,
        pilot.starts,
        pilot.ends,
        " ".join(country for country, count in mix.countries.items() if count),
        " ".join(sector for sector, count in mix.sectors.items() if count),
        "; ".join(one.name for one in mix.organisations),
        entry.people,
        *(entry.people_by_country.get(country, 0) for country in (*COUNTRIES, OTHER)),
        *(entry.people_by_sector.get(sector, 0) for sector in SECTORS),
        entry.people_by_sector.get(OTHER, 0),
        "yes" if mix.crosses_borders else "no",
        " ".join(mix.missing),
        None if used is None else round(used.get(pilot.slug, 0.0)),
        None if used is None else round(pilot.credits),
    ]
