"""From what was seen at one moment to what was used since the count before. Pure.

Cores of a workspace are counted by what its processes used; memory, storage and the workers of clusters by what is
there now, for the time since the count before. Nobody is charged for time that nobody watched: at most LONGEST
intervals pass between two counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from kontor import names
from kontor.clusters.client import ClusterInfo
from kontor.pilots.budget.ledger import NOBODY, Use
from kontor.pilots.budget.prices import GB, Amount, of_workers
from kontor.pilots.budget.processes import Counter, core_seconds
from kontor.settings import Settings

LONGEST: Final = 4


@dataclass(frozen=True)
class Held:
    """Memory that a process of a workspace takes up, and for how long the process has run."""

    pilot: str
    size: int
    age: float


@dataclass(frozen=True)
class Seen:
    """What runs and lies there at one moment.

    Parameters
    ----------
    counters : mapping
        Processor time of the workspaces' processes.
    held : iterable of Held
        Memory of the workspaces' processes.
    clusters : iterable of ClusterInfo
    stored : mapping
        Pilot -> bytes.
    present : mapping
        Pilot -> account names of those who are in its workspace.
    """

    moment: datetime
    counters: Mapping[str, Counter] = field(default_factory=dict)
    held: Iterable[Held] = ()
    clusters: Iterable[ClusterInfo] = ()
    stored: Mapping[str, int] = field(default_factory=dict)
    present: Mapping[str, frozenset[str]] = field(default_factory=dict)


def uses(before: Mapping[str, Counter], since: datetime, seen: Seen, settings: Settings) -> list[Use]:
    """What was used since the count before, by pilot, kind and person.

    What a workspace used is shared among those who are in it; what runs on while nobody is there has nobody's name.
    """
    longest = LONGEST * settings.budget.count_seconds
    elapsed = min(longest, max(0.0, (seen.moment - since).total_seconds()))
    found: list[Use] = []
    for slug, amount in _workspaces(before, seen, elapsed).items():
        found += _shared(slug, "workspace", seen.present.get(slug), amount)
    for cluster in seen.clusters:
        ran = min(elapsed, (seen.moment - cluster.started_at).total_seconds())
        amount = of_workers(cluster.workers, ran, settings.clusters)
        people = {cluster.started_by} if names.is_person(cluster.started_by) else seen.present.get(cluster.pilot)
        found += _shared(cluster.pilot, "cluster", people, amount)
    for slug, size in seen.stored.items():
        found += _shared(slug, "storage", None, Amount(storage_gb_seconds=size / GB * elapsed))
    return found


def _workspaces(before: Mapping[str, Counter], seen: Seen, elapsed: float) -> dict[str, Amount]:
    found = {slug: Amount(core_seconds=used) for slug, used in core_seconds(before, seen.counters).items()}
    for one in seen.held:
        amount = Amount(memory_gb_seconds=one.size / GB * min(elapsed, one.age))
        found[one.pilot] = found.get(one.pilot, Amount()) + amount
    return found


def _shared(slug: str, kind: str, people: Iterable[str] | None, amount: Amount) -> list[Use]:
    among = sorted(set(people or ())) or [NOBODY]
    return [Use(slug, kind, person, amount / len(among)) for person in among] if amount else []
