"""What a used-up budget means for clusters: none is started, and one that runs keeps one worker."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from kontor.database import session_factory
from kontor.pilots.budget import standing
from kontor.pilots.budget.standing import WORKERS_WHEN_SLOW
from kontor.site import Site

REMEMBERED: Final = 3.0
_WHAT_TO_DO: Final = "A steward can raise the budget; the pilot's page Budget shows what was used."
log = logging.getLogger("kontor.budget")


class Budgets:
    """The budgets of an installation's pilots, asked anew after a few seconds.

    Parameters
    ----------
    site : Site
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = monotonic) -> None:
        self._site = site
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    async def refuse_cluster(self, pilot: str) -> str | None:
        """Why a pilot may not start a cluster now; None if it may."""
        if not await self._used_up(pilot):
            return None
        return f"The budget of the pilot {pilot} is used up, so no cluster is started. {_WHAT_TO_DO}"

    async def refuse_workers(self, pilot: str, wanted: object) -> str | None:
        """Why a cluster of a pilot may not have so many workers now; None if it may."""
        if not isinstance(wanted, int) or wanted <= WORKERS_WHEN_SLOW or not await self._used_up(pilot):
            return None
        return (
            f"The budget of the pilot {pilot} is used up, so a cluster has at most {WORKERS_WHEN_SLOW} worker. "
            f"{_WHAT_TO_DO}"
        )

    async def _used_up(self, pilot: str) -> bool:
        asked, answer = self._known.get(pilot, (float("-inf"), False))
        if self._clock() - asked > REMEMBERED:
            answer = await asyncio.to_thread(self._read, pilot)
            self._known[pilot] = (self._clock(), answer)
        return answer

    def _read(self, pilot: str) -> bool:
        """What the database says; while it cannot be asked nobody is held up, because the meter counts all the same."""
        try:
            with session_factory(self._site.database_url)() as session:
                found = standing.of_many(session, [pilot], self._site.settings.budget).get(pilot)
        except SQLAlchemyError as error:
            log.warning("the budget of %s is not known: %s", pilot, error)
            return False
        return found is not None and found.slow


def most_wanted(msg: dict[str, Any]) -> object:
    """The most workers that a wish can lead to; one that grows without bound wants more than any number."""
    if msg["op"] == "scale":
        return msg["count"]
    if msg["op"] != "adapt" or msg.get("active") is not True:
        return 0
    return sys.maxsize if msg["maximum"] is None else msg["maximum"]
