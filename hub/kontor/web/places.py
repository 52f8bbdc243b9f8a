"""Places for slow work: few at once, few who wait, few of each person; everybody else hears at once that it is busy.

Pages are answered from a shared pool of threads. Whatever waits in one of them is missing for everybody else, so
the number of those that wait has to be small.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from kontor.errors import Unavailable
from kontor.words import _


class Places:
    """So many places for work.

    Parameters
    ----------
    at_once : int
        How much is worked on at the same time.
    waiting : int
        How much more may wait for that.
    each : int
        How many of all of these one person may have.
    """

    def __init__(self, at_once: int, waiting: int, each: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._most = at_once + waiting
        self._each = each
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, person: str, seconds: float) -> Iterator[None]:
        """Hold a place while the block runs, after waiting for it so long; raises Unavailable (`busy`)."""
        with self._lock:
            if self._inside.total() >= self._most or self._inside[person] >= self._each:
                raise _busy()
            self._inside[person] += 1
        try:
            if not self._free.acquire(timeout=seconds):
                raise _busy()
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._lock:
                self._inside[person] -= 1
                self._inside += Counter()  # forgets who has none


def _busy() -> Unavailable:
    return Unavailable(_("Many notebooks are being opened: busy, try again in a moment."), code="busy")
