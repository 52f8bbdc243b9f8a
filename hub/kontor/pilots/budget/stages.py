"""What the clock does with budgets: moves pilots from stage to stage, and says so once each.

The stage follows from the figures alone (`standing.stage_of`); what is kept is the end of the grace, with the pilot,
and the stage that people were told, with the sum of the ledger. Every change of them names what it replaces, so two
processes that look at once say nothing twice, and after a crash the next look goes on where this one was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.pilots.budget.ledger import start
from kontor.pilots.budget.standing import Stage, percent_of, stage_of
from kontor.pilots.model import BudgetRow, PilotRow
from kontor.settings import BudgetSettings


@dataclass(frozen=True)
class Change:
    """A pilot that went from one stage to another."""

    pilot: str
    before: Stage
    after: Stage


@dataclass(frozen=True)
class _Figures:
    slug: str
    credits: float
    grace_until: datetime | None
    used: float
    told: Stage


def advance(session: Session, settings: BudgetSettings, *, now: datetime, slug: str | None = None) -> list[Change]:
    """Move active pilots on to the stage that they are in, in this transaction; doing it again changes nothing.

    Parameters
    ----------
    slug : str, optional
        Only this pilot.
    """
    found = (_move(session, one, settings, now) for one in _figures(session, slug))
    return [change for change in found if change is not None]


def _figures(session: Session, slug: str | None) -> list[_Figures]:
    query = (
        select(PilotRow.slug, PilotRow.credits, PilotRow.grace_until, BudgetRow.used, BudgetRow.stage)
        .outerjoin(BudgetRow, BudgetRow.pilot == PilotRow.slug)
        .where(PilotRow.state == "active")
        .order_by(PilotRow.slug)
    )
    if slug is not None:
        query = query.where(PilotRow.slug == slug)
    rows = session.execute(query).all()
    return [_Figures(row[0], row[1], row[2], row[3] or 0.0, cast(Stage, row[4] or "fine")) for row in rows]


def _move(session: Session, one: _Figures, settings: BudgetSettings, now: datetime) -> Change | None:
    grace = _grace(one, settings, now)
    after = stage_of(one.used, one.credits, grace, settings=settings, now=now)
    if (grace, after) == (one.grace_until, one.told):
        return None
    start(session, one.slug, now=now)
    if not _tell(session, one, after, now) or not _set_grace(session, one, grace):
        return None  # somebody else was here at the same time; the next look sees what they made of it
    _record(session, one, after, grace, now)
    return Change(one.slug, one.told, after)


def _grace(one: _Figures, settings: BudgetSettings, now: datetime) -> datetime | None:
    """When computing is to stop: runs from the moment when the budget was seen to be used up."""
    if percent_of(one.used, one.credits) < 100:
        return None
    return one.grace_until or now + timedelta(hours=settings.grace_hours)


def _tell(session: Session, one: _Figures, after: Stage, now: datetime) -> bool:
    was_told = BudgetRow.pilot == one.slug, BudgetRow.stage == one.told
    return _one(session, update(BudgetRow).where(*was_told).values(stage=after, since=now))


def _set_grace(session: Session, one: _Figures, grace: datetime | None) -> bool:
    if grace == one.grace_until:
        return True
    values: dict[str, Any] = {"grace_until": grace} if grace else {"grace_until": None, "grace_extended": False}
    return _one(
        session,
        update(PilotRow)
        .where(PilotRow.slug == one.slug, PilotRow.grace_until.is_not_distinct_from(one.grace_until))
        .values(**values),
    )


def _one(session: Session, statement: Any) -> bool:
    """Do it; whether a row was what it was thought to be. Rows that the session holds are read anew."""
    changed = cast(CursorResult[Any], session.execute(statement.execution_options(synchronize_session="fetch")))
    return changed.rowcount == 1


def _record(session: Session, one: _Figures, after: Stage, grace: datetime | None, now: datetime) -> None:
    """The entry for this change; sinking below the warning needs none."""
    said: dict[str, Any] = {"actor": SYSTEM, "pilot": one.slug, "now": now}
    percent = percent_of(one.used, one.credits)
    if grace and one.grace_until is None:
        trail.record(session, "budget_slowed", **said, until=grace.isoformat(timespec="minutes"), percent=percent)
    if after == "stopped" and one.told != "stopped":
        trail.record(session, "budget_stopped", **said, percent=percent)
    if one.grace_until and grace is None:
        trail.record(session, "budget_resumed", **said, percent=percent)
    elif after == "warned" and one.told == "fine":
        trail.record(session, "budget_warned", **said, percent=percent)
