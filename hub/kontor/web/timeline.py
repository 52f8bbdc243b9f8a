"""The picture of a pilot's life: a line with its milestones, what happens between them, and where today is.

Each stretch is drawn as long as every other, so that nothing is too short to be read; the days stand at the milestones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from kontor.pilots.life.plan import STRETCHES, WORDS, Plan

LEFT: Final = 62
STEP: Final = 154
WIDTH: Final = 2 * LEFT + 4 * STEP


@dataclass(frozen=True)
class Mark:
    """A milestone in the picture."""

    x: int
    words: str
    day: date | None
    reached: bool


@dataclass(frozen=True)
class Stretch:
    """What happens between two milestones; `part` of it, from 0 to 100, has passed."""

    x: int
    words: str
    part: int


@dataclass(frozen=True)
class Timeline:
    """The picture, in the coordinates of its viewBox."""

    marks: tuple[Mark, ...]
    stretches: tuple[Stretch, ...]
    today_x: int
    width: int = WIDTH
    step: int = STEP


def timeline(plan: Plan, *, today: date) -> Timeline:
    """The picture of a plan."""
    place = plan.place_of(today)
    marks = tuple(
        Mark(LEFT + STEP * number, WORDS[one.kind], one.day, one.reached) for number, one in enumerate(plan.milestones)
    )
    stretches = tuple(
        Stretch(LEFT + STEP * number, words, round(100 * min(1.0, max(0.0, place - number))))
        for number, words in enumerate(STRETCHES)
    )
    return Timeline(marks, stretches, round(LEFT + STEP * place))
