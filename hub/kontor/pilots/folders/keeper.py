"""The keeper: puts the rights in pilots' folders right, at its start and whenever something there changes."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker
from watchfiles import awatch

from kontor.pilots import store
from kontor.pilots.folders.rights import Groups, put_right
from kontor.site import Site

log = logging.getLogger("kontor.folders")

GATHER_MILLISECONDS = 200


class Keeper:
    """Keeps the folders below one folder right.

    Parameters
    ----------
    root : Path
        Holds one folder per pilot, called by its slug.
    groups : callable
        From a slug to the groups of that pilot, or None if there is no such pilot (its folder is left alone).
    """

    def __init__(self, root: Path, groups: Callable[[str], Groups | None]) -> None:
        self._root = root
        self._groups = groups

    @classmethod
    def of(cls, site: Site, sessions: sessionmaker[Session]) -> Keeper:
        """The keeper of an installation; a pilot's number never changes, so it is asked for once."""
        known: dict[str, Groups] = {}

        def groups(slug: str) -> Groups | None:
            if slug not in known:
                with sessions() as session:
                    pilot = store.get(session, slug)
                if pilot is None:
                    return None
                known[slug] = Groups.of(site.settings.labs.first_group, pilot.number)
            return known[slug]

        return cls(site.pilot_folders, groups)

    async def run(self) -> None:
        """Put everything right, then watch until cancelled."""
        self._root.mkdir(mode=0o711, parents=True, exist_ok=True)
        watch = awatch(
            self._root, watch_filter=None, debounce=GATHER_MILLISECONDS, step=50, ignore_permission_denied=True
        )
        try:
            await asyncio.to_thread(self.mend, [path for path in self._root.iterdir() if path.is_dir()])
            async for changes in watch:
                await asyncio.to_thread(self.mend, [Path(path) for _, path in changes])
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            log.warning("this file system keeps no access lists: rights in pilots' folders are those of the tools")

    def mend(self, paths: list[Path]) -> int:
        """Put right what is at and below these paths; returns how many things had other rights."""
        changed = 0
        for slug, inside in sorted({parts for path in paths if (parts := self._parts(path))}):
            groups = self._groups(slug)
            if groups is not None:
                changed += put_right(self._root / slug, groups, inside)
        return changed

    def _parts(self, path: Path) -> tuple[str, tuple[str, ...]] | None:
        parts = path.relative_to(self._root).parts
        return (parts[0], parts[1:]) if parts and not parts[0].startswith(".") else None
