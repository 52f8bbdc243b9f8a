"""The hub's pages in the language of their reader, as ours are (`web.languages`).

JupyterHub gives its templates neither the request nor a way to translate. It takes both as settings: `LanguageOf`
is made by tornado for every request, before its handler runs in a task that inherits the language; `HubWords`
brings the translations to the templates. What stands in JupyterHub's own templates stays English.
"""

from __future__ import annotations

from jinja2 import Environment
from jinja2.ext import InternationalizationExtension
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

from kontor import words

_STOCK_TAG, _OUR_TAG = '<html lang="en">', '<html lang="{{ page_language() }}">'


class HubWords(InternationalizationExtension):
    """`_`, `ngettext` and `page_language` in templates, and the language of the page on its root."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals["page_language"] = words.language

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """JupyterHub's frame says that every page is English."""
        return source.replace(_STOCK_TAG, _OUR_TAG, 1)


class LanguageOf(OutputTransform):  # type: ignore[misc]
    """Sets the language of a request from its cookie or `Accept-Language`; programs read English."""

    def __init__(self, request: HTTPServerRequest) -> None:
        chosen = request.cookies.get(words.COOKIE)
        accepted = request.headers.get("Accept-Language", "")
        api = request.path.startswith("/hub/api/")
        words.speak("en" if api else words.preferred(chosen.value if chosen else None, accepted))

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        if headers.get("Content-Type", "").startswith("text/html"):
            headers["Content-Language"] = words.language()
            headers.add("Vary", "Accept-Language, Cookie")
        return status_code, headers, chunk
