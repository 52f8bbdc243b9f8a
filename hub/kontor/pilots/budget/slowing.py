"""Slowing a pilot whose budget is used up: one worker for each cluster, and its processes give way to all others."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kontor.clusters.client import ClusterInfo
from kontor.errors import KontorError
from kontor.pilots.budget.processes import Process
from kontor.pilots.budget.standing import WORKERS_WHEN_SLOW

log = logging.getLogger("kontor.budget")

_LAST, _USUAL = 19, 0


class Scaler(Protocol):
    """What of `clusters.client.ClusterClient` is needed here."""

    async def scale(self, pilot: str, name: str, workers: int) -> None: ...


async def scale_down(scaler: Scaler, clusters: Iterable[ClusterInfo], slow: Collection[str]) -> int:
    """Bring the clusters of slowed pilots to one worker; returns how many were larger."""
    done = 0
    for one in clusters:
        if one.pilot in slow and one.status == "running" and one.wanted > WORKERS_WHEN_SLOW:
            try:
                await scaler.scale(one.pilot, one.name, WORKERS_WHEN_SLOW)
                done += 1
            except KontorError as error:
                log.warning("cluster %s of %s is still as large as it was: %s", one.name, one.pilot, error)
    return done


class Priorities:
    """Gives way with what belongs to slowed pilots, and takes that back.

    Taking it back needs a right that only root has; without it the processes stay behind until they are started again.
    """

    def __init__(self) -> None:
        self._behind: set[str] = set()

    def apply(self, processes: Iterable[Process], clusters: Iterable[ClusterInfo], slow: Collection[str]) -> None:
        """Put all threads of what belongs to slowed pilots behind, and what belongs to others again where it was."""
        pilots = {one.name: one.pilot for one in clusters}
        behind = set()
        for one in processes:
            owner = one.owner
            slug = None if owner is None else owner.name if owner.kind == "workspace" else pilots.get(owner.name)
            if slug in slow:
                _set(one.pid, _LAST)
                behind.add(one.key)
            elif one.key in self._behind:
                _set(one.pid, _USUAL)
        self._behind = behind


def _set(pid: int, niceness: int) -> None:
    """Set the niceness of all threads, and of the session's group, within which alone it counts on many machines."""
    folder = Path("/proc") / str(pid)
    with suppress(OSError):
        for thread in (folder / "task").iterdir():
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)
    with suppress(OSError):
        (folder / "autogroup").write_text(str(niceness))
