"""The picture of a budget over time: what was left on each day, the even pace, and where the present pace leads. Pure.

The axes are days and credits; a point of the picture is in the units of the SVG's view box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WIDTH, HEIGHT = 640.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, 12.0, 14.0, 34.0
AHEAD: Final = timedelta(days=30)
Point = tuple[float, float]


@dataclass(frozen=True)
class Burndown:
    """Lines as SVG reads them (`x,y x,y ...`), and the days at the ends of the axis.

    Parameters
    ----------
    left : str
        What was left until today.
    even : str
        An even use from the first day to the last; empty if there is no last day.
    ahead : str
        The forecast; empty if nothing is used.
    today : float
        Where today is on the axis.
    """

    left: str
    even: str
    ahead: str
    today: float
    first: date
    last: date


def burndown(
    days: Mapping[date, float], credits: float, per_day: float, *, starts: date, ends: date | None, today: date
) -> Burndown:
    """The lines for a pilot that used these credits on these days and now uses so many a day."""
    first = min([starts, today, *days])
    last = max([ends or today + AHEAD, today, first + timedelta(days=1)])
    axes = _Axes(first, last, credits)
    left = max(0.0, credits - sum(days.values()))
    return Burndown(
        left=_line(_left(days, credits, axes, today)),
        even="" if ends is None else _line([axes.point(starts, credits), axes.point(ends, 0.0)]),
        ahead="" if per_day <= 0 or left <= 0 else _line(_ahead(axes, today, left, per_day)),
        today=axes.x(today),
        first=first,
        last=last,
    )


@dataclass(frozen=True)
class _Axes:
    first: date
    last: date
    credits: float

    def x(self, day: date) -> float:
        part = (day - self.first).days / (self.last - self.first).days
        return round(LEFT + max(0.0, min(1.0, part)) * (WIDTH - LEFT - RIGHT), 1)

    def point(self, day: date, left: float) -> Point:
        part = 1 - max(0.0, min(1.0, left / self.credits if self.credits > 0 else 0.0))
        return self.x(day), round(TOP + part * (HEIGHT - TOP - BOTTOM), 1)


def _left(days: Mapping[date, float], credits: float, axes: _Axes, today: date) -> list[Point]:
    points, left = [axes.point(axes.first, credits)], credits
    for day in sorted(days):
        left -= days[day]
        points.append(axes.point(day, left))
    return [*points, axes.point(today, left)]


def _ahead(axes: _Axes, today: date, left: float, per_day: float) -> list[Point]:
    """To where nothing is left, or to the edge of the picture."""
    whole = (axes.last - today).days
    lasts = left / per_day
    if lasts < whole:
        here, edge = axes.x(today), axes.x(axes.last)
        return [axes.point(today, left), (round(here + (edge - here) * lasts / whole, 1), axes.point(today, 0.0)[1])]
    return [axes.point(today, left), axes.point(axes.last, left - whole * per_day)]


def _line(points: list[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
