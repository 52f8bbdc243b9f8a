"""Writing and reading the audit log.

One writer at a time: `record` takes the head row first, so entries are numbered and chained in the order in which
their transactions end, in every process and on every database. An entry is written in the transaction of what it
tells of: both are kept or neither.

    hash(n) = SHA-256 of the canonical JSON (RFC 8785 for what we write: sorted keys, no spaces, UTF-8) of
              {number, moment, actor, action, pilot, person, dataset, details, previous: hash(n - 1)}

No entry holds a secret, and what we write ourselves holds no name or mail address: people are account names, resolved
when somebody who may reads it. Reasons, titles and paths are people's own words and stay as they wrote them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kontor.audit.actions import ACTIONS
from kontor.audit.model import EntryRow, HeadRow
from kontor.database import now as this_moment

FIRST: Final = "0" * 64
_LAST_NUMBER: Final = select(HeadRow.__table__.c.number)
Detail = str | int | float | None


@dataclass(frozen=True)
class Entry:
    """Something that happened."""

    number: int
    moment: datetime
    actor: str
    action: str
    pilot: str | None
    person: str | None
    dataset: str | None
    details: dict[str, Detail]
    previous: str
    hash: str


def record(
    session: Session,
    action: str,
    *,
    actor: str,
    pilot: str | None = None,
    person: str | None = None,
    dataset: str | None = None,
    now: datetime | None = None,
    **details: Detail,
) -> None:
    """Write what happened, in this transaction.

    Parameters
    ----------
    action : str
        A key of `actions.ACTIONS`.
    actor : str
        Account name of who did it: a person, a workspace, or `actions.SYSTEM`.
    pilot, person, dataset : str, optional
        What it was about.
    details
        What the action's sentence needs, and more if useful; never a secret, a name or a mail address.

    Raises
    ------
    ValueError
        If the action is not in the table (a mistake of the caller, never of a person).
    """
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    head = session.execute(
        update(HeadRow).where(HeadRow.id == 1).values(number=HeadRow.number + 1).returning(HeadRow.number, HeadRow.hash)
    ).one()
    moment = (now or this_moment()).astimezone(UTC)
    row = EntryRow(
        number=head.number,
        moment=moment,
        actor=actor,
        action=action,
        pilot=pilot,
        person=person,
        dataset=dataset,
        details=json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        previous=head.hash,
        hash="",
    )
    row.hash = hash_of(row)
    session.add(row)
    session.execute(update(HeadRow).where(HeadRow.id == 1).values(hash=row.hash))
    session.flush()


def hold(session: Session) -> None:
    """Be the only writer until this transaction ends: what is read from now on stays so until then."""
    session.execute(update(HeadRow).where(HeadRow.id == 1).values(number=HeadRow.number))


def hash_of(row: EntryRow) -> str:
    """The hash that an entry must have."""
    return chained(
        number=row.number,
        moment=row.moment,
        actor=row.actor,
        action=row.action,
        pilot=row.pilot,
        person=row.person,
        dataset=row.dataset,
        details=row.details,
        previous=row.previous,
    )


def chained(*, moment: datetime, details: str, **columns: Any) -> str:
    """SHA-256 over an entry's columns; `details` is the JSON text as stored."""
    content = {**columns, "moment": moment.astimezone(UTC).isoformat(), "details": json.loads(details)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def latest(session: Session, pilots: Iterable[str], *, actions: Collection[str], count: int = 6) -> list[Entry]:
    """The newest entries of these pilots with these actions, newest first."""
    rows = session.scalars(
        select(EntryRow)
        .where(EntryRow.pilot.in_(set(pilots)), EntryRow.action.in_(set(actions)))
        .order_by(EntryRow.number.desc())
        .limit(count)
    )
    return [entry_of(row) for row in rows]


def last_number(session: Session) -> int:
    """The number of the last entry; 0 if there is none. It grows with everything that happens."""
    return session.scalar(_LAST_NUMBER) or 0


def entry_of(row: EntryRow) -> Entry:
    """A row as an entry."""
    return Entry(
        number=row.number,
        moment=row.moment,
        actor=row.actor,
        action=row.action,
        pilot=row.pilot,
        person=row.person,
        dataset=row.dataset,
        details=_details(row.details),
        previous=row.previous,
        hash=row.hash,
    )


def _details(text: str) -> dict[str, Detail]:
    """Details as written; none if somebody made them unreadable, which is for `proof` to tell."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
