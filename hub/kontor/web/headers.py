"""What every answer says to the browser about itself, and which requests may change something.

Labs are at sibling addresses of the same *site*, so cookies alone prove nothing: a page in a workspace can send a
form to us with its visitor's cookie. Every request that changes something has to come from our own pages.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kontor.errors import NotAllowed
from kontor.site import Site
from kontor.words import _

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def security_headers(site: Site) -> dict[str, str]:
    """Headers of every answer. Forms may lead to labs and the hub, because answers to them redirect there."""
    labs = f"http://*.{site.settings.server.domain}:{site.ports.public}"
    policy = (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {site.public_url} {labs}"
    )
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-site",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }


class SecurityHeaders:
    """Puts the headers on every answer, also on those that are made while something fails."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    found.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers write them in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def from_our_pages(request: Request) -> None:
    """Refuse a request that would change something unless one of our own pages sent it.

    Raises
    ------
    NotAllowed
        If neither `Origin` nor, without one, `Referer` is our own address.
    """
    if request.method in SAFE_METHODS:
        return
    ours = origin_of(request.app.state.site.service_public_url)
    origin = request.headers.get("origin")
    sender = origin if origin is not None else origin_of(request.headers.get("referer", ""))
    if sender != ours:
        raise NotAllowed(
            _("This was not sent from one of our own pages, so nothing was done. Open the lobby and try from there."),
            code="not_from_our_pages",
        )
