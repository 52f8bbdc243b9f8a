"""Making pages: the template environment, and what every page needs to be told."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kontor import __version__, words
from kontor.errors import KontorError
from kontor.web.look import STATIC
from kontor.web.signin import Visitor

_TEMPLATES = Path(__file__).parent / "templates"
_NODE_MODULES = Path(__file__).parents[2] / "node_modules"
COUNTRIES = {"SE": "Sweden", "DK": "Denmark", "DE": "Germany", "NO": "Norway"}
SECTORS = {
    "academia": "university",
    "hospital": "hospital",
    "company": "company",
    "infrastructure": "facility",
    "region": "region",
    "cluster": "cluster organisation",
}
FORMATS = {"nifti": "NIfTI", "mrc": "MRC", "mzml": "mzML", "nexus": "NeXus", "tiff": "TIFF"}


def htmx_file() -> Path:
    """Where htmx is: in the installed package, or among the repository's Node packages.

    Raises
    ------
    KontorError
        If it is in neither.
    """
    for path in (STATIC / "vendor" / "htmx.min.js", _NODE_MODULES / "htmx.org" / "dist" / "htmx.min.js"):
        if path.is_file():
            return path
    raise KontorError("The pages' script htmx is missing. Run `make setup`.", code="no_htmx")


def format_name(format: str) -> str:
    """A file format as its makers write it."""
    return FORMATS.get(format, format)


def size_words(size: int) -> str:
    """A size as people say it: `812 bytes`, `1.4 MB`, `21 GB`."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def ago_words(moment: datetime, now: datetime | None = None) -> str:
    """How long ago something was, as people say it."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for limit, length, one, many in (
        (90, 1, "just now", "just now"),
        (5400, 60, "a minute ago", "{} minutes ago"),
        (129600, 3600, "an hour ago", "{} hours ago"),
        (float("inf"), 86400, "yesterday", "{} days ago"),
    ):
        if seconds < limit:
            count = round(seconds / length)
            return one if count <= 1 else many.format(count)
    raise AssertionError("unreachable")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(size=size_words, ago=ago_words, format_name=format_name)
    environment.globals.update(countries=COUNTRIES, sectors=SECTORS)
    return environment


def page(
    request: Request, template: str, *, visitor: Visitor | None, status: int = 200, here: str = "", **values: Any
) -> Response:
    """A page from a template.

    Parameters
    ----------
    here : str
        Which entry of the navigation this page is: "lobby", "pilots" or none.
    values
        What the template needs beside the frame. Every name it uses has to be given.
    """
    site = request.app.state.site
    text = (
        _environment()
        .get_template(template)
        .render(
            visitor=visitor,
            here=here,
            prefix=site.service_prefix,
            title=site.settings.title,
            version=__version__,
            domain=site.settings.server.domain,
            public_url=site.public_url,
            demo=site.settings.demo.enabled,
            **values,
        )
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def message_page(request: Request, status: int, code: str, message: str) -> Response:
    """A page that says what is wrong and where to go."""
    return page(request, "message.html", visitor=None, status=status, code=code, message=message, status_code=status)
