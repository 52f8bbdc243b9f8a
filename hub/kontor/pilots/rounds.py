"""A round of the reconciler: what should be, what is, the steps between, and the end of what people have lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from kontor import names
from kontor.database import now as this_moment
from kontor.errors import KontorError, Unavailable
from kontor.pilots import access, granted
from kontor.pilots.access import HubView, Step
from kontor.pilots.evictions import Evictor
from kontor.pilots.granted import Look, Loss

log = logging.getLogger("kontor.reconciler")

STRANGERS_SECONDS: Final = 60.0
"""How long people whom the hub does not know are left out, although they have signed in here."""


class Rounds:
    """Makes the hub as the pilots want it, round by round.

    Ending what somebody has lost takes seconds, because a workspace saves and stops; that runs beside the rounds, one
    at a time for each pilot, so that nobody who joins elsewhere waits for it.

    Parameters
    ----------
    sessions : sessionmaker
        Of the kontor database.
    view : HubView
    evictor : Evictor
    again : callable
        Called with a slug when a pilot should be looked at once more.
    clock : callable
        This moment.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        view: HubView,
        evictor: Evictor,
        again: Callable[[str], None],
        *,
        clock: Callable[[], datetime] = this_moment,
    ) -> None:
        self._sessions = sessions
        self._view = view
        self._evictor = evictor
        self._again = again
        self._clock = clock
        self._evictions: dict[str, asyncio.Task[None]] = {}
        self._strangers: set[str] = set()
        self._strangers_until = 0.0

    async def go(self, only: Collection[str] | None = None, *, asked: bool = True) -> bool:
        """One round; whether the hub is as it should be, but for evictions that still go on.

        Parameters
        ----------
        only : collection of str, optional
            Look at these pilots only.
        asked : bool
            Whether something has changed: people whom the hub did not know are tried again.
        """
        if asked or monotonic() > self._strangers_until:
            self._strangers.clear()
        try:
            look = await asyncio.to_thread(self._look, only)
            refused = await self._reconcile(look, only)
        except (KontorError, SQLAlchemyError) as error:
            log.warning("not reconciled, will try again: %s", error)
            return False
        for slug in look.losses.keys() - refused:
            self._evict(slug, look.losses[slug])
        return not refused

    @property
    def ending(self) -> set[str]:
        """The pilots in which something is being ended now."""
        return set(self._evictions)

    async def ended(self) -> None:
        """Wait until all that is being ended has ended, or could not be."""
        await asyncio.gather(*self._evictions.values())

    async def close(self) -> None:
        """Leave what has begun; a new process finds it again."""
        for task in self._evictions.values():
            task.cancel()
        await asyncio.gather(*self._evictions.values(), return_exceptions=True)

    def _look(self, only: Collection[str] | None) -> Look:
        with self._sessions() as session, session.begin():
            return granted.look(session, self._clock(), only)

    async def _reconcile(self, look: Look, only: Collection[str] | None) -> set[str]:
        """Take all steps; returns the pilots with a step that the hub refused, which stops no other pilot's."""
        have = await (self._view.all() if only is None else self._view.of(only))
        steps = access.plan(access.desired(_without(self._strangers, look.working)), have)
        refused: set[str] = set()
        for step in steps:
            try:
                if not await self._view.take(step):
                    self._meet(step)
            except Unavailable:
                raise
            except KontorError as error:
                log.error("will try again: %s", error)
                refused.add(step.pilot)
        if steps:
            log.info("%d steps made the hub as the pilots want it", len(steps))
        return refused

    def _meet(self, step: Step) -> None:
        """Remember people whom the hub does not know."""
        body = step.body or {}
        people = [*body.get("users", ()), *([body["user"]] if "user" in body else [])]
        met = {one for one in people if names.is_person(one)}
        log.info("the hub does not know %s (%s)", ", ".join(sorted(met)) or step.path, step.method)
        self._strangers |= met
        self._strangers_until = monotonic() + STRANGERS_SECONDS

    def _evict(self, slug: str, losses: list[Loss]) -> None:
        if slug in self._evictions:
            return
        task = asyncio.create_task(self._shut(slug, losses))
        self._evictions[slug] = task

    async def _shut(self, slug: str, losses: list[Loss]) -> None:
        pause = 0.0
        try:
            await self._evictor.shut(slug, losses)
            log.info("%d people lost access to %s; what they could use has ended", len(losses), slug)
        except (KontorError, SQLAlchemyError) as error:
            log.warning("access to %s has not ended everywhere, will try again: %s", slug, error)
            pause = 1.0
        except Exception:
            log.exception("ending access to %s failed, will try again", slug)
            pause = 5.0
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(pause)
        del self._evictions[slug]
        self._again(slug)


def _without(strangers: set[str], working: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {
        slug: {person: role for person, role in people.items() if person not in strangers}
        for slug, people in working.items()
    }
