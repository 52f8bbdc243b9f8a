"""What is new: a short line for each thing that happened in a pilot. Lines are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.pilots.model import EVENT_KINDS, EventRow


@dataclass(frozen=True)
class Event:
    """Something that happened in a pilot, in one sentence; `person` is whom it is about, or who did it."""

    moment: datetime
    pilot: str
    person: str | None
    kind: str
    text: str


def add(
    session: Session, pilot: str, kind: str, text: str, *, person: str | None = None, now: datetime | None = None
) -> None:
    """Add a line.

    Raises
    ------
    KontorError
        If `kind` is none of ours.
    """
    if kind not in EVENT_KINDS:
        known = ", ".join(EVENT_KINDS)
        raise KontorError(f"{kind!r} is not a kind of event. Use one of: {known}.", code="unknown_kind")
    session.add(EventRow(moment=now or this_moment(), pilot=pilot, person=person, kind=kind, text=text))
    session.flush()


def latest(session: Session, pilots: Iterable[str], *, count: int = 6) -> list[Event]:
    """The newest lines of these pilots, newest first."""
    rows = session.scalars(
        select(EventRow)
        .where(EventRow.pilot.in_(set(pilots)))
        .order_by(EventRow.moment.desc(), EventRow.number.desc())
        .limit(count)
    )
    return [Event(row.moment, row.pilot, row.person, row.kind, row.text) for row in rows]
