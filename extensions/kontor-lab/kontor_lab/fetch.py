"""Asking another part of Kontor over HTTP, with refusals as sentences."""

from __future__ import annotations

import json
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest
from tornado.httputil import HTTPHeaders

from kontor_lab.errors import Refusal

TIMEOUT = 15.0


async def fetch_json(
    method: str, url: str, *, authorization: str, content: object | None = None, silent: Refusal
) -> tuple[int, Any]:
    """Status and JSON body of one request; the body is None if it is empty or no JSON.

    Parameters
    ----------
    silent : Refusal
        Raised if nothing answers in time.
    """
    request = HTTPRequest(
        url,
        method=method,
        headers=HTTPHeaders({"Authorization": authorization, "Accept": "application/json"}),
        body=json.dumps(content) if content is not None else None,
        connect_timeout=TIMEOUT,
        request_timeout=TIMEOUT,
        follow_redirects=False,
        allow_nonstandard_methods=True,
    )
    if content is not None:
        request.headers["Content-Type"] = "application/json"
    try:
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
    except (HTTPError, OSError) as error:
        raise silent from error
    if response.code == 599:
        raise silent
    try:
        return response.code, json.loads(response.body)
    except ValueError:
        return response.code, None
