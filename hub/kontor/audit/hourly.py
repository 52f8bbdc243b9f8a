"""Entries of what happens every few minutes: one an hour is enough to know who did it and when they ceased."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.model import EntryRow
from kontor.audit.trail import Detail
from kontor.database import now as this_moment

SPAN: Final = timedelta(hours=1)


def record(
    session: Session,
    action: str,
    *,
    actor: str,
    pilot: str,
    dataset: str | None = None,
    now: datetime | None = None,
    **details: Detail,
) -> bool:
    """Write what happened, unless the same actor did the same in this pilot, to the same data, within the last hour.

    Returns
    -------
    bool
        Whether it was written. Asking costs one look at the actor's newest entries; the lock of the log is taken
        only to write, and the question is asked again then, so two requests at once make one entry.
    """
    moment = now or this_moment()
    if _told(session, action, actor, pilot, dataset, moment):
        return False
    trail.hold(session)
    if _told(session, action, actor, pilot, dataset, moment):
        return False
    trail.record(session, action, actor=actor, pilot=pilot, person=None, dataset=dataset, now=moment, **details)
    return True


def _told(session: Session, action: str, actor: str, pilot: str, dataset: str | None, moment: datetime) -> bool:
    last = session.scalar(
        select(EntryRow.moment)
        .where(
            EntryRow.actor == actor,
            EntryRow.pilot == pilot,
            EntryRow.action == action,
            EntryRow.dataset.is_(None) if dataset is None else EntryRow.dataset == dataset,
        )
        .order_by(EntryRow.number.desc())
        .limit(1)
    )
    return last is not None and last > moment - SPAN
