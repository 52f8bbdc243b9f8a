"""Who is in which workspace now.

Workspaces tell, with their own token, when somebody comes or goes and every ten seconds; what they told is remembered
for half a minute. Asking them instead would put a token of this service into their hands. A workspace speaks for its
own pilot only, and only of its members. There is no history of who was where: each workspace's last word is kept in
memory and, for the meter of the budget, which is another process, in a file that the next word replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic

from kontor.names import is_person
from kontor.site import Site, private_folder, write_private

REMEMBERED = 30.0


class Presence:
    """Memory of who is where.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    folder : Path, optional
        Where the meter reads it (`folder_of`).
    """

    def __init__(self, clock: Callable[[], float] = monotonic, *, folder: Path | None = None) -> None:
        self._clock = clock
        self._folder = folder
        self._seen: dict[str, tuple[float, frozenset[str]]] = {}

    def here(self, slug: str) -> set[str]:
        """Account names of the people in a pilot's workspace, as last heard within half a minute."""
        heard, people = self._seen.get(slug, (float("-inf"), frozenset()))
        return set(people) if self._clock() - heard <= REMEMBERED else set()

    def heard(self, slug: str, people: Iterable[str]) -> None:
        """Remember what a workspace told; it replaces what it told before."""
        there = frozenset(people)
        self._seen[slug] = (self._clock(), there)
        if self._folder is not None:
            with suppress(OSError):
                private_folder(self._folder)
                write_private(self._folder / slug, "\n".join(sorted(there)))


def folder_of(site: Site) -> Path:
    """Where the service leaves the workspaces' last words for the meter."""
    return site.run / "presence"


def told(folder: Path, slug: str, now: datetime) -> frozenset[str]:
    """Who was in a pilot's workspace within the last half minute, as the service left word of it."""
    try:
        heard = (folder / slug).stat().st_mtime
        people = (folder / slug).read_text(encoding="utf-8").split()
    except OSError:
        return frozenset()
    return frozenset(filter(is_person, people)) if now.timestamp() - heard <= REMEMBERED else frozenset()
