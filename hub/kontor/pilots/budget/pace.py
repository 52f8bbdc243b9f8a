"""How fast a budget is used, and how long it lasts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

LOOKED_AT: Final = 7
FARTHEST: Final = 3650


@dataclass(frozen=True)
class Pace:
    """What is used per day, and where that leads.

    Parameters
    ----------
    per_day : float
        Credits per day, over the last seven days (fewer if the pilot is younger).
    lasts_until : date or None
        When nothing will be left at this pace; None if nothing is used, or not within ten years.
    even_left : float or None
        What would be left today if the budget were used evenly from the first day to the last.
    """

    per_day: float
    lasts_until: date | None
    even_left: float | None


def pace_of(days: Mapping[date, float], credits: float, *, starts: date, ends: date | None, today: date) -> Pace:
    """The pace of a pilot that used these credits on these days."""
    used = sum(days.values())
    first = min([starts, *days])
    looked_at = max(1, min(LOOKED_AT, (today - first).days + 1))
    recent = sum(one for day, one in days.items() if day > today - timedelta(days=looked_at))
    per_day = recent / looked_at
    left = max(0.0, credits - used)
    lasts = left / per_day if per_day > 0 else None
    lasts_until = today + timedelta(days=int(lasts)) if lasts is not None and lasts <= FARTHEST else None
    return Pace(per_day, lasts_until, _even_left(credits, starts, ends, today))


def _even_left(credits: float, starts: date, ends: date | None, today: date) -> float | None:
    if ends is None:
        return None
    whole = (ends - starts).days + 1
    passed = min(whole, max(0, (today - starts).days + 1))
    return credits * (1 - passed / whole)
