"""Reading the log: what was asked for, newest first, in parts; and what there is to ask for.

Every question is answered from an index (`ix_audit_*`); the tests look at the plans of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, union
from sqlalchemy.orm import Session

from kontor.audit.model import EntryRow
from kontor.audit.trail import Entry, entry_of


@dataclass(frozen=True)
class Wanted:
    """Which entries; what is None does not matter.

    Parameters
    ----------
    pilot, dataset : str, optional
    person : str, optional
        Account name: entries of what they did and of what was done to them.
    actions : frozenset of str, optional
        Any of these.
    since, until : datetime, optional
        From the first moment on, up to and without the second.
    """

    pilot: str | None = None
    person: str | None = None
    dataset: str | None = None
    actions: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the table."""
        found: list[ColumnElement[bool]] = []
        if self.pilot is not None:
            found.append(EntryRow.pilot == self.pilot)
        if self.person is not None:
            found.append(or_(EntryRow.actor == self.person, EntryRow.person == self.person))
        if self.dataset is not None:
            found.append(EntryRow.dataset == self.dataset)
        if self.actions is not None:
            found.append(EntryRow.action.in_(sorted(self.actions)))
        if self.since is not None:
            found.append(EntryRow.moment >= self.since)
        if self.until is not None:
            found.append(EntryRow.moment < self.until)
        return found


def newest(wanted: Wanted, *, offset: int = 0, limit: int | None = None) -> Select[EntryRow]:
    """The question for entries, newest first."""
    return select(EntryRow).where(*wanted.conditions).order_by(EntryRow.number.desc()).offset(offset).limit(limit)


def entries(session: Session, wanted: Wanted, *, offset: int = 0, limit: int | None = None) -> list[Entry]:
    """Entries, newest first."""
    return [entry_of(row) for row in session.scalars(newest(wanted, offset=offset, limit=limit))]


def count(session: Session, wanted: Wanted) -> int:
    """How many entries there are."""
    return session.scalar(select(func.count()).select_from(EntryRow).where(*wanted.conditions)) or 0


def accounts(session: Session, pilot: str | None = None) -> set[str]:
    """Accounts that the log of a pilot, or the whole log, speaks of: who did something, and whom it was about."""
    return _distinct(session, pilot, EntryRow.actor, EntryRow.person)


def datasets(session: Session, pilot: str | None = None) -> list[str]:
    """Data sets that the log speaks of, by name."""
    return sorted(_distinct(session, pilot, EntryRow.dataset))


def pilots(session: Session) -> list[str]:
    """Pilots that the log speaks of, by slug."""
    return sorted(_distinct(session, None, EntryRow.pilot))


def _distinct(session: Session, pilot: str | None, *columns: Any) -> set[str]:
    parts = [
        select(column).where(column.is_not(None), *Wanted(pilot=pilot).conditions).distinct() for column in columns
    ]
    return set(session.scalars(union(*parts) if len(parts) > 1 else parts[0]))


def between(session: Session, wanted: Wanted, moments: Sequence[datetime]) -> list[int]:
    """How many entries there are from each of these moments, in order, up to the next; the last one is only an end."""
    steps = range(len(moments) - 2, -1, -1)
    step = case(*((EntryRow.moment >= moments[one], literal(one)) for one in steps), else_=literal(-1))
    inside = (EntryRow.moment >= moments[0], EntryRow.moment < moments[-1])
    rows = session.execute(select(step, func.count()).where(*wanted.conditions, *inside).group_by(step))
    found = {int(place): int(number) for place, number in rows}
    return [found.get(one, 0) for one in range(len(moments) - 1)]
