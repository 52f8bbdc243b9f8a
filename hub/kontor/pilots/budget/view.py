"""A pilot's budget as people and programs see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from kontor.people import store as people
from kontor.pilots.budget import ledger, standing
from kontor.pilots.budget.decisions import may_extend, may_set, sees_people
from kontor.pilots.budget.ledger import NOBODY, Line
from kontor.pilots.budget.pace import Pace, pace_of
from kontor.pilots.budget.prices import HOUR, Prices
from kontor.pilots.lifecycle import day_of
from kontor.pilots.standing import Standing
from kontor.settings import BudgetSettings

_DAY = 24 * HOUR


class PriceView(BaseModel):
    """Credits for one core for an hour, one GB of memory for an hour, one GB of storage for 30 days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    core_hour: float
    memory_gb_hour: float
    storage_gb_month: float


class UseView(BaseModel):
    """A sum of use; `percent` is its part of all that was used. `person` is None where it was nobody in particular.

    Leads and stewards of the pilot, stewards and operators of the installation see people; for others `person`
    is always None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date | None = None
    kind: str | None = None
    person: str | None = None
    name: str | None = None
    core_hours: float
    memory_gb_hours: float
    storage_gb_days: float
    credits: float
    percent: float | None = None


class BudgetView(BaseModel):
    """A pilot's budget at one moment.

    `stage` is fine, warned, slowed, grace or stopped; `per_day` the credits used a day over the last week;
    `lasts_until` when nothing will be left at that pace. `people` is None for those who see sums only. Who sets the
    credits sends the `version` that they read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    version: int
    credits: float
    used: float
    left: float
    percent: int
    stage: str
    grace_until: datetime | None
    grace_extended: bool
    may_extend: bool
    may_set: bool
    per_day: float
    lasts_until: date | None
    prices: PriceView
    kinds: list[UseView]
    people: list[UseView] | None


def pace(session: Session, place: Standing, *, now: datetime) -> tuple[dict[date, float], Pace]:
    """What a pilot used on each day, and the pace that it makes."""
    pilot, days = place.pilot, ledger.by_day(session, place.pilot.slug)
    return days, pace_of(days, pilot.credits, starts=pilot.starts, ends=pilot.ends, today=day_of(now))


def budget_view(session: Session, place: Standing, settings: BudgetSettings, *, now: datetime) -> BudgetView:
    """The budget of a pilot as the holder of `place` sees it."""
    found = standing.of(session, place.pilot.slug, settings, now=now)
    prices = Prices.of(settings)
    _, speed = pace(session, place, now=now)
    return BudgetView(
        slug=found.pilot,
        version=place.pilot.version,
        credits=found.credits,
        used=found.used,
        left=found.left,
        percent=found.percent,
        stage=found.stage,
        grace_until=found.grace_until,
        grace_extended=found.extended,
        may_extend=found.extendable and may_extend(place),
        may_set=may_set(place),
        per_day=speed.per_day,
        lasts_until=speed.lasts_until,
        prices=PriceView(
            core_hour=prices.core_hour, memory_gb_hour=prices.memory_hour, storage_gb_month=prices.storage_month
        ),
        kinds=_views(ledger.by_kind(session, found.pilot), {}),
        people=_people(session, found.pilot) if sees_people(place) else None,
    )


def lines(session: Session, place: Standing, *, offset: int = 0, limit: int | None = None) -> list[UseView]:
    """Use by day and kind, newest first; by person, too, for those who see people."""
    shown = sees_people(place)
    found = ledger.lines(session, place.pilot.slug, people=shown, offset=offset, limit=limit)
    return [use_view(one, _called(session, found)) for one in found]


def _people(session: Session, slug: str) -> list[UseView]:
    found = ledger.by_person(session, slug)
    return _views(found, _called(session, found))


def _called(session: Session, found: list[Line]) -> dict[str, str]:
    known = people.by_names(session, {one.person for one in found if one.person})
    return {name: one.display_name for name, one in known.items()}


def _views(found: list[Line], called: Mapping[str, str]) -> list[UseView]:
    whole = ledger.total(found).credits
    return [use_view(one, called, whole) for one in found]


def use_view(one: Line, called: Mapping[str, str], whole: float | None = None) -> UseView:
    """A line of the ledger; with `whole`, as a part of that."""
    return UseView(
        day=one.day,
        kind=one.kind,
        person=None if one.person == NOBODY else one.person,
        name=called.get(one.person or ""),
        core_hours=one.amount.core_seconds / HOUR,
        memory_gb_hours=one.amount.memory_gb_seconds / HOUR,
        storage_gb_days=one.amount.storage_gb_seconds / _DAY,
        credits=one.credits,
        percent=None if whole is None else one.credits / whole * 100 if whole > 0 else 0.0,
    )
