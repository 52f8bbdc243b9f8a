"""Showing a notebook without letting it do anything.

Three walls, each enough by itself:

    cleaned     what only an allow-list lets through (`notebook_page`), made in a process of its own
    POLICY      the answer's own Content-Security-Policy: a sandbox without scripts or an origin, nothing is loaded
    <iframe>    with `sandbox` in the page that shows it

The process is one for each notebook, forked from one that has nbconvert loaded (0.01 s instead of 2 s). A thread
would not do: a hostile notebook can keep a parser busy for hours or take all memory, and only a process can be
ended and given limits. Pages that were made are remembered for as long as the file stays as it is.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from html import escape
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response

from kontor.errors import KontorError
from kontor.pilots.documents.files import OpenFile
from kontor.web import notebook_page
from kontor.web.look import STATIC
from kontor.web.places import Places
from kontor.words import _, language

LARGEST: Final = 30_000_000
LARGEST_PAGE: Final = 60_000_000
SECONDS: Final = 10.0
AT_ONCE: Final = 2
WAITING: Final = 4
EACH: Final = 2
"""How many are made at once, how many wait for that, and how many of both are one person's."""
NOT_AGAIN: Final = 300.0
"""Seconds for which a file that could not be shown is not tried again, unless it changes."""
MOST_FAILED: Final = 500
REMEMBERED: Final = 40_000_000
POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Scripts, forms and an origin of its own stay forbidden; links may open in a new window."""
_Key = tuple[int, int, int, int, int, str]


class CannotShow(KontorError):
    """A file cannot be shown in a page."""

    code = "cannot_show"
    status = 422


class Renderer:
    """Makes pages of notebooks.

    Parameters
    ----------
    seconds : float
        How long one may take.
    clock : callable
        Tells the seconds that have passed.
    """

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._context = _context()
        self._places = Places(AT_ONCE, WAITING, EACH)
        self._known: OrderedDict[_Key, str] = OrderedDict()
        self._failed: OrderedDict[_Key, tuple[float, CannotShow]] = OrderedDict()
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Let the process from which others are forked begin to load; returns at once."""
        forkserver.ensure_running()

    def body(self, opened: OpenFile, person: str) -> str:
        """The cleaned HTML of a notebook, for somebody.

        Raises
        ------
        CannotShow
            If it is too large, takes too long, or is no notebook.
        Unavailable
            If others are being made and none was ready in time, or too many wait (`busy`).
        """
        status = opened.stat
        if status.st_size > LARGEST:
            raise CannotShow(
                _("This notebook is larger than {most} MB, so it is not shown here. Open it in the workspace.").format(
                    most=LARGEST // 1_000_000
                ),
                code="too_large",
            )
        key = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size, language())
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            until, failure = self._failed.get(key, (0.0, None))
            if failure and self._clock() < until:
                raise CannotShow(failure.message, code=failure.code)
        with self._places.one(person, self._seconds):
            try:
                body = self._ask(opened.read(LARGEST))
            except CannotShow as error:
                self._remember_failure(key, error)
                raise
        self._remember(key, body)
        return body

    def _ask(self, content: bytes) -> str:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=notebook_page.convert, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        try:
            with ours:
                ours.send_bytes(
                    _("Something that moves stood here. Open the notebook in the workspace to see it.").encode()
                )
                ours.send_bytes(content)
                if not ours.poll(self._seconds):
                    raise CannotShow(
                        _("Showing this notebook takes too long. Open it in the workspace."), code="too_slow"
                    )
                answer = ours.recv_bytes(LARGEST_PAGE)
        except (OSError, EOFError) as error:
            raise CannotShow(_("This notebook cannot be shown here. Open it in the workspace.")) from error
        finally:
            process.kill()
            process.join()
            process.close()
        if not answer:
            raise CannotShow(_("This file is not a notebook that can be read."), code="not_a_notebook")
        return answer.decode()

    def _remember(self, key: _Key, body: str) -> None:
        with self._lock:
            self._known[key] = body
            while sum(len(one) for one in self._known.values()) > REMEMBERED:
                self._known.popitem(last=False)

    def _remember_failure(self, key: _Key, error: CannotShow) -> None:
        with self._lock:
            self._failed[key] = (self._clock() + NOT_AGAIN, CannotShow(error.message, code=error.code))
            self._failed.move_to_end(key)
            while len(self._failed) > MOST_FAILED:
                self._failed.popitem(last=False)


def framed(title: str, body: str, theme: str | None = None) -> Response:
    """The answer that an `<iframe sandbox>` shows.

    Parameters
    ----------
    theme : str, optional
        `light` or `dark`, as the person chose; anything else is the system's.
    """
    chosen = f' data-theme="{theme}"' if theme in ("light", "dark") else ""
    text = (
        f'<!doctype html><html lang="{language()}"{chosen}><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_style()}</style></head><body>{body}</body></html>"
    )
    return HTMLResponse(text, headers=guarded(POLICY))


def guarded(policy: str) -> dict[str, str]:
    """Headers of an answer whose content somebody's code has written."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _style() -> str:
    return Path(STATIC / "notebook.css").read_text(encoding="utf-8")


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kontor.web.notebook_page", "nbconvert.exporters.html", "nbformat", "nh3"])
    return context
