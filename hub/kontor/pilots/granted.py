"""What people were given, and what ends when they lose it: the reconciler's own memory, in the database.

A *level* is what somebody may use of a pilot: `read` its data, `run` clusters as well, `edit` in its workspace as
well. It follows from role and mode and is written down before anything is given (`look`) and changed after all of it
was taken away (`settle`). So whatever dies in between, the next look finds the *loss* again; nobody's access is
forgotten. Only the reconciler writes these tables.

*Doors* are what several people hold together, so that it can be taken from one only by taking it from all: store keys
end when the pilot's `generation` moves on, clusters and their tokens if they started before `clusters_since`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kontor import roles
from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.people import store as people
from kontor.pilots import members, store
from kontor.pilots.lifecycle import Mode, day_of
from kontor.pilots.model import DoorsRow, GrantedRow, MembershipRow, PilotRow

LEVELS: Final = ("read", "run", "edit")
_OPEN_STATES: Final = ("active", "closing")


@dataclass(frozen=True)
class Loss:
    """Somebody may use less of a pilot than they were given.

    Parameters
    ----------
    had : str
        The level that they were given.
    has : str or None
        The level that is left.
    works : bool
        Whether the pilot works; if not, all of its members lose the same, and the log tells of the pilot instead.
    seen : tuple of int, optional
        The versions of the membership and of the pilot that this was read from. Who came back and lost it once more
        while this was being ended has other ones; what they used meanwhile has to be ended, too.
    """

    pilot: str
    person: str
    had: str
    has: str | None
    works: bool
    seen: tuple[int, int] | None = None

    def of(self, level: str) -> bool:
        """Whether this level, or one that it includes, is lost."""
        return _rank(self.has) < _rank(level) <= _rank(self.had)


@dataclass(frozen=True)
class Look:
    """What the database says should be.

    Parameters
    ----------
    working : mapping
        Pilots that work: slug -> account name -> role, of the people who have signed in once.
    losses : mapping
        Slug -> who loses what.
    """

    working: Mapping[str, Mapping[str, str]]
    losses: Mapping[str, list[Loss]]


@dataclass(frozen=True)
class Doors:
    """What is still good of what several people hold together.

    Parameters
    ----------
    generations : mapping
        Pilots whose data is open: slug -> generation of the keys that are good.
    clusters_since : mapping
        Pilots of which older clusters have to end: slug -> moment.
    """

    generations: Mapping[str, int]
    clusters_since: Mapping[str, datetime]


def level_of(role: str | None, mode: Mode) -> str | None:
    """What a role may use of a pilot in this mode."""
    if mode not in ("working", "reading"):
        return None
    open_now = LEVELS if mode == "working" else LEVELS[:1]
    return next((level for level in reversed(open_now) if roles.can(role, level)), None)


def look(session: Session, now: datetime, only: Collection[str] | None = None) -> Look:
    """What should be, of all pilots or of some; what people gain is written down in this transaction."""
    mine = {slug: mode for slug, mode in _modes(session, now).items() if only is None or slug in only}
    found = members.of_many(session, mine, now=now)
    levels = {
        (slug, person): level
        for slug, people_here in found.items()
        for person, role in people_here.items()
        if (level := level_of(role, mine[slug])) is not None
    }
    losses = _compare(session, levels, mine, only)
    known = people.signed_in(session, {person for people_here in found.values() for person in people_here})
    working = {
        slug: {person: role for person, role in found[slug].items() if person in known}
        for slug, mode in mine.items()
        if mode == "working"
    }
    return Look(working, losses)


def doors(session: Session, now: datetime) -> Doors:
    """What is still good, of all pilots."""
    rows = session.execute(select(DoorsRow.pilot, DoorsRow.generation, DoorsRow.clusters_since)).all()
    generations = {slug: 0 for slug, mode in _modes(session, now).items() if level_of("viewer", mode)}
    return Doors(
        generations | {slug: number for slug, number, _since in rows if slug in generations},
        {slug: since for slug, _number, since in rows if since is not None},
    )


def _modes(session: Session, now: datetime) -> dict[str, Mode]:
    return {one.slug: one.mode(now) for one in store.everything(session, states=_OPEN_STATES)}


def _compare(
    session: Session, levels: Mapping[tuple[str, str], str], modes: Mapping[str, Mode], only: Collection[str] | None
) -> dict[str, list[Loss]]:
    """Write gains down, return losses."""
    rows = session.scalars(select(GrantedRow) if only is None else select(GrantedRow).where(GrantedRow.pilot.in_(only)))
    given = {(row.pilot, row.person): row for row in rows}
    losses: dict[str, list[Loss]] = {}
    for (slug, person), row in given.items():
        has = levels.get((slug, person))
        if _rank(has) < _rank(row.level):
            works = modes.get(slug) == "working"
            losses.setdefault(slug, []).append(
                Loss(slug, person, row.level, has, works, _versions(session, slug, person))
            )
        elif has is not None and has != row.level:
            row.level = has
    for (slug, person), level in levels.items():
        if (slug, person) not in given:
            session.add(GrantedRow(pilot=slug, person=person, level=level))
    session.flush()
    return losses


def shut(session: Session, slug: str, *, clusters_since: datetime | None = None, closing: bool = False) -> None:
    """End all store keys of a pilot.

    Parameters
    ----------
    clusters_since : datetime, optional
        End its clusters that started before this moment, too.
    closing : bool
        The workspace has to stop, too; until `settle` it fetches no keys.
    """
    row = session.get(DoorsRow, slug)
    if row is None:
        row = DoorsRow(pilot=slug, generation=0, closing=False)
        session.add(row)
    row.generation += 1
    if clusters_since is not None:
        row.clusters_since = clusters_since
    row.closing = row.closing or closing
    session.flush()


def settle(session: Session, losses: Iterable[Loss], *, now: datetime) -> None:
    """Write down that these were taken away; the log is told once of each person who could have used more than data."""
    for loss in losses:
        if door := session.get(DoorsRow, loss.pilot):
            door.closing = False
        row = session.get(GrantedRow, (loss.pilot, loss.person))
        if row is None or row.level != loss.had:
            continue
        if loss.seen is not None and loss.seen != _versions(session, loss.pilot, loss.person):
            continue  # something changed since: the next look finds it again, and all is ended once more
        if loss.has is None:
            session.delete(row)
        else:
            row.level = loss.has
        if loss.works and loss.had != LEVELS[0]:
            trail.record(session, "access_ended", actor=SYSTEM, pilot=loss.pilot, person=loss.person, now=now)
    session.flush()


def _versions(session: Session, slug: str, person: str) -> tuple[int, int]:
    member = session.scalar(
        select(MembershipRow.version).where(MembershipRow.pilot == slug, MembershipRow.person == person)
    )
    pilot = session.scalar(select(PilotRow.version).where(PilotRow.slug == slug))
    return member or 0, pilot or 0


def generation_of(session: Session, slug: str) -> int:
    """The generation that new store keys of a pilot belong to."""
    return session.scalar(select(DoorsRow.generation).where(DoorsRow.pilot == slug)) or 0


def workspace_closes(session: Session, slug: str) -> bool:
    """Whether the workspace of a pilot has to stop, because somebody lost access, and may still run."""
    return bool(session.scalar(select(DoorsRow.closing).where(DoorsRow.pilot == slug)))


def cluster_has_ended(session: Session, slug: str, started: datetime) -> bool:
    """Whether the clusters of a pilot that started at this moment had to end, because somebody lost access since."""
    since = session.scalar(select(DoorsRow.clusters_since).where(DoorsRow.pilot == slug))
    return since is not None and started < since


def seconds_to_next_end(session: Session, now: datetime, *, at_most: float) -> float:
    """How long nothing ends by itself: memberships, the grace of a budget, agreements (at midnight)."""
    ends = [
        session.scalar(select(func.min(column)).where(column > now))
        for column in (MembershipRow.until, PilotRow.grace_until)
    ]
    seconds = min([at_most, *((end - now).total_seconds() for end in ends if end is not None)])
    midnight_is_near = day_of(now + timedelta(seconds=at_most)) != day_of(now)
    return max(0.05, min(seconds, 1.0) if midnight_is_near else seconds)


def _rank(level: str | None) -> int:
    return 0 if level is None else 1 + LEVELS.index(level)
