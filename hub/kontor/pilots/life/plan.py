"""The plan of a pilot: every day that matters in its life, from the proposal to the deletion of its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.audit.model import EntryRow
from kontor.pilots.lifecycle import day_of
from kontor.pilots.store import Pilot
from kontor.settings import PilotSettings
from kontor.words import N_

Kind = Literal["proposed", "starts", "ends", "archive", "deletion"]
WORDS: Final[dict[str, str]] = {
    "proposed": N_("Proposed"),
    "starts": N_("First day"),
    "ends": N_("Last day"),
    "archive": N_("Archived"),
    "deletion": N_("Files deleted"),
}
STRETCHES: Final = (N_("preparing"), N_("working"), N_("closing"), N_("kept as a record"))
"""What happens between one milestone and the next."""


@dataclass(frozen=True)
class Milestone:
    """A day in the life of a pilot; `day` is None while nobody can know it, `reached` when it has come."""

    kind: Kind
    day: date | None
    reached: bool


@dataclass(frozen=True)
class Plan:
    """The milestones in their order, and the agreement.

    Parameters
    ----------
    warned_on : date or None
        From when its members are warned that it ends.
    agreement_days : int or None
        Days that the agreement still holds, today included; 0 or less when it has ended.
    """

    milestones: tuple[Milestone, ...]
    warned_on: date | None
    agreement_ends: date | None
    agreement_days: int | None

    def day(self, kind: Kind) -> date | None:
        """The day of a milestone."""
        return next(one.day for one in self.milestones if one.kind == kind)

    def place_of(self, today: date) -> float:
        """Where today is: 0 at the first milestone, 1 at the second, and so on; parts in between."""
        days = [one.day for one in self.milestones]
        for number, (begin, end) in enumerate(pairwise(days)):
            if begin is not None and end is not None and begin <= today < end:
                return number + (today - begin).days / (end - begin).days
        known = [number for number, day in enumerate(days) if day is not None and day <= today]
        return float(max(known, default=0))


def plan_of(pilot: Pilot, rules: PilotSettings, *, today: date, proposed: date | None = None) -> Plan:
    """The plan of a pilot as its dates and the settings make it.

    Parameters
    ----------
    proposed : date, optional
        When it was proposed (`proposed_on`).
    """
    closes = min((day for day in (pilot.closed_on, pilot.ends) if day is not None), default=None)
    days: list[tuple[Kind, date | None, bool]] = [
        ("proposed", proposed, True),
        ("starts", pilot.starts, pilot.state in ("active", "closing", "archived")),
        ("ends", closes, pilot.state in ("closing", "archived")),
        ("archive", pilot.archive_day(rules.closing_days), pilot.state == "archived"),
        ("deletion", _deletion(pilot, rules), pilot.data_deleted is not None),
    ]
    agreed = pilot.agreement_ends
    return Plan(
        milestones=tuple(Milestone(*one) for one in days),
        warned_on=pilot.ends - timedelta(days=rules.warning_days) if pilot.ends else None,
        agreement_ends=agreed,
        agreement_days=(agreed - today).days + 1 if agreed else None,
    )


def proposed_on(session: Session, slug: str) -> date | None:
    """The day on which a pilot was proposed first; None for those that were not proposed here."""
    moment = session.scalar(
        select(EntryRow.moment)
        .where(EntryRow.pilot == slug, EntryRow.action == "pilot_proposed")
        .order_by(EntryRow.number)
        .limit(1)
    )
    return day_of(moment) if moment else None


def _deletion(pilot: Pilot, rules: PilotSettings) -> date | None:
    done = pilot.data_deleted or pilot.deletion_asked
    return day_of(done) if done else pilot.deletion_day(rules.closing_days, rules.keep_days)
