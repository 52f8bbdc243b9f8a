"""The clock: what happens to pilots by the calendar, without anybody.

    approved   on its first day, but not at once after  active
               its approval, which can be undone first
    active     after its last day                       closing
    closing    when its closing time is over            archived
    archived   when its files have been kept long enough, or an office asked: they are due for deletion (`due`)

Before a pilot or its agreement ends its members are warned, once for each date; they are told once when an agreement
or a membership has ended. Asking the clock again changes nothing. Time is a parameter.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.database import now as this_moment
from kontor.errors import Conflict, KontorError
from kontor.pilots import store
from kontor.pilots.life import ending, steps
from kontor.pilots.lifecycle import CLOCK, day_of
from kontor.pilots.model import MembershipRow, PilotRow
from kontor.pilots.store import Pilot
from kontor.settings import Settings
from kontor.site import Site

log = logging.getLogger("kontor.clock")

LOOK_SECONDS = 15.0
TO_UNDO = timedelta(minutes=15)
"""How long after the approval a pilot is not started by itself."""
_MOST_TOLD = 100_000
WARNINGS = ("pilot_ending", "agreement_ending", "agreement_expired")


def run(site: Site, sessions: sessionmaker[Session], now: datetime | None = None) -> int:
    """One look at the calendar; returns how many things it changed."""
    with sessions() as session, session.begin():
        return tick(session, site.settings, now or this_moment())


async def delete_when_due(site: Site, sessions: sessionmaker[Session]) -> None:
    """Delete the files of pilots whose day has come, until cancelled; apart from `run`, because it may take long."""
    while True:
        await asyncio.to_thread(delete_due, site, sessions)
        await asyncio.sleep(LOOK_SECONDS)


def delete_due(site: Site, sessions: sessionmaker[Session], now: datetime | None = None) -> int:
    """Delete the files of pilots whose day has come; returns of how many. What fails is tried again the next time."""
    moment, done = now or this_moment(), 0
    with sessions() as session:
        pilots = due(session, site.settings, moment)
    for pilot in pilots:
        try:
            ending.delete(site, sessions, pilot.slug, now=moment)
            done += 1
        except (KontorError, OSError) as error:
            log.warning("the files of %s are not deleted yet, will try again: %s", pilot.slug, error)
    return done


def tick(session: Session, settings: Settings, now: datetime) -> int:
    """Take every step that is due and write every warning that is; returns how many there were."""
    done = 0
    while taken := _steps(session, settings, day_of(now), now):
        done += taken
    return done + _warn(session, settings, day_of(now), now) + _tell_ended(session, now)


def due(session: Session, settings: Settings, now: datetime) -> list[Pilot]:
    """Archived pilots whose files are to be deleted now."""
    today, rules = day_of(now), settings.pilots
    archived = [one for one in store.everything(session, states=("archived",)) if one.data_deleted is None]
    return [one for one in archived if one.deletion_asked or _passed(_deletion(one, rules.keep_days), today)]


def _steps(session: Session, settings: Settings, today: date, now: datetime) -> int:
    taken = 0
    for pilot in store.everything(session, states=("approved", "active", "closing")):
        name = _due_step(pilot, settings.pilots.closing_days, today)
        if name is not None and not (name == "start" and _just_approved(session, pilot, now)):
            asked, who = steps.Asked(name, pilot.version), frozenset({CLOCK})
            try:
                steps.take(session, pilot.slug, asked, by=SYSTEM, who=who, rules=settings.pilots, now=now)
            except Conflict:
                continue  # somebody changes it at this moment; the next round sees what they did
            taken += 1
    return taken


def _due_step(pilot: Pilot, closing_days: int, today: date) -> str | None:
    if pilot.state == "approved":
        return "start" if pilot.starts <= today else None
    if pilot.state == "active":
        return "close" if pilot.ends is not None and pilot.ends < today else None
    return "archive" if _passed(pilot.archive_day(closing_days), today) else None


def _just_approved(session: Session, pilot: Pilot, now: datetime) -> bool:
    return session.get_one(PilotRow, pilot.slug).changed > now - TO_UNDO


def _deletion(pilot: Pilot, keep_days: int) -> date | None:
    return pilot.archived_on + timedelta(days=keep_days) if pilot.archived_on else None


def _passed(day: date | None, today: date) -> bool:
    return day is not None and day <= today


def _warn(session: Session, settings: Settings, today: date, now: datetime) -> int:
    """Write the warnings that are due and were not written for the same date before."""
    soon = today + timedelta(days=settings.pilots.warning_days)
    wanted: list[tuple[str, str, str]] = []
    for pilot in store.everything(session, states=("approved", "active", "closing")):
        wanted += [(pilot.slug, action, day.isoformat()) for action, day in _warnings(pilot, today, soon)]
    told = _told(session, {slug for slug, _action, _until in wanted})
    fresh = [one for one in wanted if one not in told]
    for slug, action, until in fresh:
        trail.record(session, action, actor=SYSTEM, pilot=slug, now=now, until=until)
    return len(fresh)


def _warnings(pilot: Pilot, today: date, soon: date) -> Iterable[tuple[str, date]]:
    if pilot.state == "active" and pilot.ends is not None and today <= pilot.ends <= soon:
        yield "pilot_ending", pilot.ends
    agreed = pilot.agreement_ends
    if agreed is None or pilot.state == "closing":
        return
    if agreed < today:
        yield "agreement_expired", agreed
    elif agreed <= soon:
        yield "agreement_ending", agreed


def _told(session: Session, slugs: set[str]) -> set[tuple[str, str, str]]:
    entries = trail.latest(session, slugs, actions=WARNINGS, count=_MOST_TOLD) if slugs else []
    return {(one.pilot or "", one.action, str(one.details.get("until"))) for one in entries}


def _tell_ended(session: Session, now: datetime) -> int:
    """Tell once of each membership that has ended by its date."""
    ended = (MembershipRow.until <= now) & MembershipRow.end_told.is_(False)
    found = session.execute(select(MembershipRow.pilot, MembershipRow.person).where(ended)).all()
    told = 0
    for slug, person in found:
        mine = (MembershipRow.pilot == slug) & (MembershipRow.person == person) & ended
        changed = session.execute(
            update(MembershipRow).where(mine).values(end_told=True).returning(MembershipRow.role)
        ).all()
        for row in changed:
            trail.record(session, "membership_ended", actor=SYSTEM, pilot=slug, person=person, now=now, role=row.role)
            told += 1
    return told
