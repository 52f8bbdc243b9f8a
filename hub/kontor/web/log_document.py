"""The export of the log as one readable file: HTML with its styles inside, no scripts, made to be printed on A4."""

from __future__ import annotations

from datetime import datetime

from kontor import __version__
from kontor.pilots.lifecycle import day_of
from kontor.pilots.logbook.export import Export
from kontor.quantities import ZONE
from kontor.web.pages import whole
from kontor.words import language


def document(made: Export, *, house: str) -> str:
    """The document, in the language of whoever asked for it."""
    return whole("log.html", made=made, house=house, version=__version__, language=language(), clock=_clock)


def file_name(pilot: str | None, now: datetime) -> str:
    """What the file is called when it is saved."""
    return f"kontor-log-{pilot or 'all'}-{day_of(now).isoformat()}.html"


def _clock(moment: datetime) -> str:
    """A moment to the second with its distance from UTC, the same in every language."""
    return moment.astimezone(ZONE).isoformat(sep=" ", timespec="seconds")
