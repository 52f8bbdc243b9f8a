"""Making pages: the template environment, and what every page needs to be told."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kontor import __version__, quantities, words
from kontor.errors import KontorError
from kontor.web.languages import page_shown
from kontor.web.look import STATIC
from kontor.web.signin import Visitor
from kontor.web.tables import COUNTRIES as COUNTRIES
from kontor.web.tables import SECTORS as SECTORS
from kontor.web.tables import format_name

_INDENT = re.compile(r"\n\s+")
_TEMPLATES = Path(__file__).parent / "templates"
_DOCUMENTS = Path(__file__).parent / "documents"
_NODE_MODULES = Path(__file__).parents[2] / "node_modules"


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


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(_TEMPLATES), PrefixLoader({"documents": FileSystemLoader(_DOCUMENTS)})]),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(
        day=quantities.day,
        moment=quantities.moment,
        number=quantities.number,
        size=quantities.size,
        ago=quantities.ago,
        format_name=format_name,
    )
    environment.globals.update(countries=COUNTRIES, sectors=SECTORS, languages=words.LANGUAGES)
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
            language=words.language(),
            this_page=page_shown(request),
            **values,
        )
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def part(request: Request, template: str, **values: Any) -> Markup:
    """A part of a page that is drawn once and shown often: nothing in it may depend on who looks."""
    prefix = request.app.state.site.service_prefix
    text = _environment().get_template(template).render(prefix=prefix, **values)
    return Markup(_INDENT.sub("\n", text))  # noqa: S704 (the template escapes)


def whole(template: str, **values: Any) -> str:
    """A document that stands by itself, from the folder of documents: no frame, no visitor, its styles inside."""
    return _environment().get_template(f"documents/{template}").render(**values)


def message_page(request: Request, status: int, code: str, message: str) -> Response:
    """A page that says what is wrong and where to go."""
    return page(request, "message.html", visitor=None, status=status, code=code, message=message, status_code=status)
