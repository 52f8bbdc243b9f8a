"""Who is in which workspace now.

Workspaces tell, with their own token, when somebody comes or goes and every ten seconds; what they told is remembered
for half a minute. Asking them instead would put a token of this service into their hands. A workspace speaks for its
own pilot only, and only of its members. Nothing is written down: there is no history of who was where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic

REMEMBERED = 30.0


class Presence:
    """Memory of who is where.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, frozenset[str]]] = {}

    def here(self, slug: str) -> set[str]:
        """Account names of the people in a pilot's workspace, as last heard within half a minute."""
        heard, people = self._seen.get(slug, (float("-inf"), frozenset()))
        return set(people) if self._clock() - heard <= REMEMBERED else set()

    def heard(self, slug: str, people: Iterable[str]) -> None:
        """Remember what a workspace told; it replaces what it told before."""
        self._seen[slug] = (self._clock(), frozenset(people))
