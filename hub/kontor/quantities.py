"""Dates, numbers, sizes and spans of time as people write them in the language of whoever asked (CLDR, by babel).

English is British: days before months, hours to 24. Clocks show the time of the consortium's countries.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal
from babel.units import format_unit

from kontor.words import _, language

ZONE: Final = ZoneInfo("Europe/Berlin")
_JUST_NOW_SECONDS = 90
_UNITS = ("kilobyte", "megabyte", "gigabyte", "terabyte")


def day(value: date | datetime, width: str = "long") -> str:
    """A day: `3 June 2026`; with the width `medium`, `3 Jun 2026`. A moment's day is the one in the consortium."""
    if isinstance(value, datetime):
        value = value.astimezone(ZONE).date()
    return format_date(value, format="medium" if width == "medium" else "long", locale=_locale(language()))


def moment(value: datetime) -> str:
    """A day and the time: `3 June 2026, 14:05`."""
    locale = _locale(language())
    local = value.astimezone(ZONE)
    time = format_time(local, format="short", tzinfo=ZONE, locale=locale)
    return str(get_datetime_format("medium", locale=locale)).replace("{0}", time).replace("{1}", day(local))


def number(value: float, digits: int = 3) -> str:
    """A number with at most so many digits after the point: `1,234.5`."""
    return format_decimal(round(value, digits), locale=_locale(language()))


def size(count: int) -> str:
    """A number of bytes: `812 bytes`, `1.4 MB`, `21 GB`."""
    locale = _locale(language())
    if count < 1000:
        return format_unit(count, "digital-byte", length="long", locale=locale)
    value, unit = float(count), ""
    for unit in _UNITS:
        value /= 1000
        if value < 999.5 or unit == _UNITS[-1]:
            break
    return format_unit(value, f"digital-{unit}", length="short", format="0.0" if value < 9.95 else "0", locale=locale)


def ago(value: datetime, now: datetime | None = None) -> str:
    """How long ago something was: `just now`, `5 minutes ago`, `2 months ago`."""
    seconds = ((now or datetime.now(UTC)) - value).total_seconds()
    if seconds < _JUST_NOW_SECONDS:
        return _("just now")
    return format_timedelta(-round(seconds), add_direction=True, locale=_locale(language()))


@cache
def _locale(code: str) -> Locale:
    return Locale.parse("en_GB" if code == "en" else code)
