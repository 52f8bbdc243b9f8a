"""Where a pilot stands with its budget.

stage      used            what it means
fine       under 80 %      nothing (80 is `budget.warn_percent` of the settings)
warned     from 80 %       people are told
slowed     from 100 %      no new clusters, one worker for each, workspace and workers give way to others
grace      from 100 %      slowed, and the time until the stop runs
stopped    from 100 %      the grace is over: nothing runs, files can be read
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kontor.database import now as this_moment
from kontor.pilots.model import BudgetRow, PilotRow
from kontor.quantities import moment, number
from kontor.settings import BudgetSettings
from kontor.words import _, ngettext

Stage = Literal["fine", "warned", "slowed", "grace", "stopped"]
STAGES: Final[tuple[Stage, ...]] = ("fine", "warned", "slowed", "grace", "stopped")
WORKERS_WHEN_SLOW: Final = 1
"""Workers that a cluster of a slowed pilot keeps."""
_MOST_PERCENT = 100_000


@dataclass(frozen=True)
class BudgetStanding:
    """A pilot's budget at one moment.

    Parameters
    ----------
    credits, used : float
        What it has for the whole of its life, and what of it is used.
    stage : str
        One of STAGES.
    grace_until : datetime or None
        When computing stops, or stopped.
    extended : bool
        Whether the grace was extended; that can be done once.
    """

    pilot: str
    credits: float
    used: float
    stage: Stage
    grace_until: datetime | None = None
    extended: bool = False

    @property
    def percent(self) -> int:
        """The share that is used, in whole percent, rounded down."""
        return percent_of(self.used, self.credits)

    @property
    def left(self) -> float:
        """Credits that are left; never less than none."""
        return max(0.0, self.credits - self.used)

    @property
    def slow(self) -> bool:
        """Whether the pilot is slowed, or has stopped."""
        return self.stage in ("slowed", "grace", "stopped")

    @property
    def extendable(self) -> bool:
        """Whether the grace may still be extended: also when it has just passed, so that a weekend loses nothing."""
        return self.stage in ("grace", "stopped") and not self.extended

    @property
    def notice(self) -> str | None:
        """What people of the pilot must know now, and what to do, in their language; None while all is fine."""
        return None if self.stage == "fine" else _notice(self)


def percent_of(used: float, credits: float) -> int:
    """The used share of a budget in whole percent, rounded down; of no budget at all everything is used."""
    if credits <= 0:
        return 100
    return int(min(_MOST_PERCENT, used / credits * 100 + 1e-9))


def stage_of(
    used: float, credits: float, grace_until: datetime | None, *, settings: BudgetSettings, now: datetime
) -> Stage:
    """The stage that these figures make."""
    percent = percent_of(used, credits)
    if percent >= 100:
        if grace_until is None:
            return "slowed"
        return "stopped" if grace_until <= now else "grace"
    return "warned" if percent >= settings.warn_percent else "fine"


def of(session: Session, slug: str, settings: BudgetSettings, *, now: datetime | None = None) -> BudgetStanding:
    """The standing of one pilot; KeyError if there is none (a mistake of the caller)."""
    return of_many(session, [slug], settings, now=now)[slug]


def of_many(
    session: Session, slugs: Iterable[str], settings: BudgetSettings, *, now: datetime | None = None
) -> dict[str, BudgetStanding]:
    """The standing of pilots, by slug, in one query."""
    here = now or this_moment()
    found = {}
    for slug, credits, grace_until, extended, used in session.execute(_figures(slugs)):
        stage = stage_of(used or 0.0, credits, grace_until, settings=settings, now=here)
        found[slug] = BudgetStanding(slug, credits, used or 0.0, stage, grace_until, extended)
    return found


def shares_of(session: Session, slugs: Iterable[str]) -> dict[str, int]:
    """How many percent of its budget each of these pilots has used, in one query."""
    return {slug: percent_of(used or 0.0, credits) for slug, credits, _, _, used in session.execute(_figures(slugs))}


def used_of(session: Session, slugs: Iterable[str]) -> dict[str, float]:
    """How many credits each of these pilots has used, in one query."""
    return {slug: used or 0.0 for slug, _, _, _, used in session.execute(_figures(slugs))}


def _figures(slugs: Iterable[str]) -> Select[str, float, datetime | None, bool, float]:
    return (
        select(PilotRow.slug, PilotRow.credits, PilotRow.grace_until, PilotRow.grace_extended, BudgetRow.used)
        .outerjoin(BudgetRow, BudgetRow.pilot == PilotRow.slug)
        .where(PilotRow.slug.in_(set(slugs)))
    )


def _notice(found: BudgetStanding) -> str:
    if found.stage == "warned":
        return _(
            "{percent} % of the budget is used; {left} credits are left. "
            "When nothing is left the pilot is slowed, later stopped. A steward can raise the budget."
        ).format(percent=number(found.percent), left=number(found.left, 1))
    if found.stage == "stopped":
        return _stopped(found)
    slowed = ngettext(
        "The budget is used up, so the pilot is slowed: no new clusters, {n} worker in each that runs, "
        "and the workspace gives way to others.",
        "The budget is used up, so the pilot is slowed: no new clusters, {n} workers in each that runs, "
        "and the workspace gives way to others.",
        WORKERS_WHEN_SLOW,
    ).format(n=WORKERS_WHEN_SLOW)
    return f"{slowed} {_until(found)}" if found.grace_until else slowed


def _until(found: BudgetStanding) -> str:
    assert found.grace_until is not None
    until = moment(found.grace_until)
    if found.extended:
        return _("Computing stops on {until} unless a steward raises the budget.").format(until=until)
    return _("Computing stops on {until} unless a lead extends this time or a steward raises the budget.").format(
        until=until
    )


def _stopped(found: BudgetStanding) -> str:
    if found.extended:
        return _(
            "The budget is used up and the extra time is over, so computing has stopped. "
            "Files can still be read. A steward can raise the budget."
        )
    return _(
        "The budget is used up and the extra time is over, so computing has stopped. "
        "Files can still be read. A lead can extend the time once, or a steward raise the budget."
    )
