"""The language of a page: what the reader chose, else what their browser asks for, else English.

The choice is one cookie for the whole installation, as that of the theme is, so that the hub's pages follow it.
Below /api answers are English, whoever asks.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kontor import words
from kontor.errors import KontorError
from kontor.site import Site
from kontor.words import _

router = APIRouter(include_in_schema=False)
_A_YEAR = 365 * 24 * 3600
_WORDLESS = ("api/", "static/")


def language_of(request: Request) -> str:
    """The language in which a request is answered."""
    site: Site = request.app.state.site
    if request.url.path.startswith(tuple(site.service_prefix + part for part in _WORDLESS)):
        return "en"
    accepted = ",".join(request.headers.getlist("accept-language"))
    return words.preferred(request.cookies.get(words.COOKIE), accepted)


def say_which(headers: MutableHeaders, language: str) -> None:
    """Tell the reader's browser, and what keeps copies of pages, in which language one is and what that depends on."""
    headers["Content-Language"] = language
    for name in ("Accept-Language", "Cookie"):
        headers.add_vary_header(name)


class Languages:
    """Answers each request in its language: what follows, threads included, speaks it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        language = language_of(Request(scope))

        async def with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/"):
                    say_which(headers, language)
            await send(message)

        with words.language_is(language):
            await self._app(scope, receive, with_language)


def page_shown(request: Request) -> str:
    """The path of the page that a reader looks at; for the answer to a form, of the page that the form was on."""
    if request.method in ("GET", "HEAD"):
        return ours(request, request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    before = urlsplit(request.headers.get("referer", ""))
    return ours(request, before.path + (f"?{before.query}" if before.query else ""))


def ours(request: Request, path: str) -> str:
    """`path` if it is one of our own paths, else the lobby's; nobody is ever sent elsewhere."""
    prefix: str = request.app.state.site.service_prefix
    return path if path.startswith(prefix) and path.isprintable() and "\\" not in path else prefix


@router.post("/language")
def choose(request: Request, language: Annotated[str, Form()], back: Annotated[str, Form()] = "") -> Response:
    """Remember a reader's choice and show them the page again that they came from. Anybody may, signed in or not."""
    if language not in words.LANGUAGES:
        raise KontorError(_("Kontor does not speak this language. Choose one at the foot of a page."), code="language")
    site: Site = request.app.state.site
    answer = RedirectResponse(ours(request, back), 303)
    answer.set_cookie(
        words.COOKIE,
        language,
        max_age=_A_YEAR,
        domain=site.settings.server.domain,
        secure=site.service_public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer
