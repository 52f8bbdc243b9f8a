"""How much a pilot may run at once. Every refusal is a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kontor.settings import ClusterSettings


@dataclass(frozen=True)
class Limits:
    """What one pilot may run at once.

    The limit on processor cores follows: every worker has the threads and memory that the settings give it.

    Parameters
    ----------
    clusters, workers : int
        Over all members and workspaces of the pilot.
    """

    clusters: int
    workers: int

    @classmethod
    def of(cls, settings: ClusterSettings) -> Limits:
        """The limits that the settings set."""
        return cls(clusters=settings.clusters_per_pilot, workers=settings.workers_per_pilot)

    def refuse_cluster(self, pilot: str, running: Collection[str]) -> str | None:
        """Why `pilot`, which has the clusters `running`, may not start one more; None if it may."""
        if len(running) < self.clusters:
            return None
        return (
            f"The pilot {pilot} already runs {_count(len(running), 'cluster')}, as many as it may. "
            "Use one of them, or stop one and try again."
        )

    def refuse_number(self, wanted: object) -> str | None:
        """Why no cluster can have `wanted` workers (given as it came, of any type); None if one can."""
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
            return f"The number of workers must be a whole number from 0 to {self.workers}; {_shown(wanted)} is not."
        if wanted > self.workers:
            return f"A pilot may run at most {_count(self.workers, 'worker')} at once; {_shown(wanted)} is too many."
        return None

    def refuse_workers(self, pilot: str, wanted: int, elsewhere: int) -> str | None:
        """Why a cluster of `pilot` may not have `wanted` workers while its other clusters have `elsewhere`."""
        if refusal := self.refuse_number(wanted):
            return refusal
        if wanted <= (free := self.left(elsewhere)):
            return None
        return (
            f"The pilot {pilot} may run {_count(self.workers, 'worker')} at once and its other clusters have "
            f"{elsewhere} of them. Ask for at most {free} here, or make another cluster smaller."
        )

    def left(self, elsewhere: int) -> int:
        """Workers that a cluster may have while the pilot's other clusters have `elsewhere`."""
        return max(0, self.workers - elsewhere)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
