"""The ledger: what each pilot used, by hour of the clock, kind and person; and the sum of it.

`add` is the only writer. It keeps the sum beside the lines, so that the share of 75 pilots is one read of 75 rows,
however long they have been running. Days are days of UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kontor.pilots.budget.prices import Amount, Prices
from kontor.pilots.model import USAGE_KINDS, BudgetRow, UsageRow

NOBODY = ""
_FRESH: dict[str, Any] = {"stage": "fine"}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ADDED = ("core_seconds", "memory_gb_seconds", "storage_gb_seconds", "credits")


@dataclass(frozen=True)
class Use:
    """What a person (or nobody in particular: `NOBODY`) used of a pilot's budget."""

    pilot: str
    kind: str
    person: str
    amount: Amount


@dataclass(frozen=True)
class Line:
    """A sum of use. What it is not divided by is None."""

    amount: Amount
    credits: float
    kind: str | None = None
    person: str | None = None
    day: date | None = None


def add(session: Session, uses: Iterable[Use], prices: Prices, *, now: datetime) -> None:
    """Add use to the hour of `now`, and to the sums, in this transaction.

    Raises
    ------
    ValueError
        If a kind is none of ours (a mistake of the caller).
    """
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    together: dict[tuple[str, str, str], Amount] = {}
    for use in uses:
        if use.kind not in USAGE_KINDS:
            raise ValueError(f"unknown kind of use {use.kind!r}")
        key = (use.pilot, use.kind, use.person)
        together[key] = together.get(key, Amount()) + use.amount
    sums: dict[str, float] = {}
    for (pilot, kind, person), amount in together.items():
        if not amount:
            continue
        cost = prices.credits(amount)
        values = dict(zip(_ADDED, (*amount.parts, cost), strict=True))
        key_of_row = {"pilot": pilot, "hour": hour, "kind": kind, "person": person}
        _add_to(session, UsageRow, key_of_row, values, {})
        sums[pilot] = sums.get(pilot, 0.0) + cost
    for pilot, cost in sums.items():
        _add_to(session, BudgetRow, {"pilot": pilot}, {"used": cost}, _FRESH | {"since": now})


def start(session: Session, slug: str, *, now: datetime) -> None:
    """Have a sum for a pilot, even if it has not used anything yet."""
    _add_to(session, BudgetRow, {"pilot": slug}, {"used": 0.0}, _FRESH | {"since": now})


def _add_to(session: Session, table: Any, key: dict[str, Any], added: dict[str, float], new: dict[str, Any]) -> None:
    """Add to the columns of a row, or make it; one statement, so that two at once both count."""
    insert = _INSERTS[session.get_bind().dialect.name](table).values(**key, **added, **new)
    grown = {name: getattr(table, name) + insert.excluded[name] for name in added}
    session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=grown))


def by_kind(session: Session, slug: str) -> list[Line]:
    """Use of a pilot by kind, the largest first."""
    rows = session.execute(_sums(slug, UsageRow.kind).group_by(UsageRow.kind))
    return _largest_first(Line(_amount(row), row.credits, kind=row[4]) for row in rows)


def by_person(session: Session, slug: str) -> list[Line]:
    """Use of a pilot by person, the largest first."""
    rows = session.execute(_sums(slug, UsageRow.person).group_by(UsageRow.person))
    return _largest_first(Line(_amount(row), row.credits, person=row[4]) for row in rows)


def by_day(session: Session, slug: str) -> dict[date, float]:
    """Credits that a pilot used on each day, oldest first; days without use are left out."""
    day = func.date(UsageRow.hour)
    rows = session.execute(
        select(day, func.sum(UsageRow.credits)).where(UsageRow.pilot == slug).group_by(day).order_by(day)
    )
    return {_day(found): float(used) for found, used in rows}


def lines(session: Session, slug: str, *, people: bool, offset: int = 0, limit: int | None = None) -> list[Line]:
    """Use of a pilot by day and kind, newest first; with `people` also by person."""
    columns = _columns(people)
    chosen = _sums(slug, *columns).group_by(*columns)
    rows = session.execute(chosen.order_by(columns[0].desc(), *columns[1:]).offset(offset).limit(limit))
    return [
        Line(_amount(row), row.credits, kind=row[5], person=row[6] if people else None, day=_day(row[4]))
        for row in rows
    ]


def count_lines(session: Session, slug: str, *, people: bool) -> int:
    """How many `lines` there are."""
    columns = _columns(people)
    groups = select(*columns).where(UsageRow.pilot == slug).group_by(*columns).subquery()
    return session.scalar(select(func.count()).select_from(groups)) or 0


def _columns(people: bool) -> list[ColumnElement[Any]]:
    found: list[ColumnElement[Any]] = [func.date(UsageRow.hour), UsageRow.kind.expression]
    return [*found, UsageRow.person.expression] if people else found


def _sums(slug: str, *columns: Any) -> Select[Any]:
    sums = [func.sum(getattr(UsageRow, name)).label(name) for name in _ADDED]
    return select(*sums, *columns).where(UsageRow.pilot == slug)


def _amount(row: Row[Any]) -> Amount:
    return Amount(row.core_seconds, row.memory_gb_seconds, row.storage_gb_seconds)


def _largest_first(found: Iterable[Line]) -> list[Line]:
    return sorted(found, key=lambda line: -line.credits)


def _day(found: str | date) -> date:
    """SQLite gives days as text."""
    return date.fromisoformat(found) if isinstance(found, str) else found


def total(found: Sequence[Line]) -> Line:
    """The sum of lines."""
    return Line(sum((one.amount for one in found), Amount()), sum(one.credits for one in found))
