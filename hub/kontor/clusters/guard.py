"""Refuses malformed requests before they reach the gateway's routes, which would answer 500."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware  # type: ignore[untyped-decorator]
async def refuse_malformed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """400 with a sentence for an `Authorization` without a scheme, and for a body that is no JSON object."""
    header = request.headers.get("Authorization")
    if header is not None and not header.partition(" ")[2].strip():
        return _refusal("The Authorization header must be a scheme and a token, for example `jupyterhub <token>`.")
    if request.method == "POST" and not await _is_object(request):
        return _refusal("The body must be a JSON object.")
    return await handler(request)


async def _is_object(request: web.Request) -> bool:
    try:
        return isinstance(json.loads(await request.read()), dict)
    except (ValueError, RecursionError):
        return False


def _refusal(sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=400)
