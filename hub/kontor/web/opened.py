"""Sending a file that is already open: exactly what was looked at, whatever its name leads to meanwhile."""

from __future__ import annotations

import os
from email.utils import formatdate
from typing import Final

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from kontor.pilots.documents.files import OpenFile
from kontor.web.rendering import guarded

NOTHING_RUNS: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


class OpenedFile(FileResponse):
    """A file as an answer, whole or in ranges; it is closed afterwards.

    Parameters
    ----------
    opened : OpenFile
    media_type : str
    attachment : bool
        Whether the browser is to save it instead of showing it.
    """

    def __init__(self, opened: OpenFile, *, media_type: str, attachment: bool) -> None:
        self._opened = opened
        super().__init__(
            opened.address,
            headers=guarded(NOTHING_RUNS),
            media_type=media_type,
            filename=opened.entry.name,
            stat_result=opened.stat,
            content_disposition_type="attachment" if attachment else "inline",
        )

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        """Code can give a file a time that no calendar has, so the entry's is used."""
        version = f"{stat_result.st_ino:x}-{stat_result.st_mtime_ns:x}-{stat_result.st_size:x}"
        self.headers.setdefault("content-length", str(stat_result.st_size))
        self.headers.setdefault("last-modified", formatdate(self._opened.entry.changed.timestamp(), usegmt=True))
        self.headers.setdefault("etag", f'"{version}"')

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._opened:
            await super().__call__(scope, receive, send)
