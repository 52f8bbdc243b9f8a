"""What people and programs get when something is wrong: one JSON shape below /api, one plain page elsewhere."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from kontor.errors import KontorError, TooMany
from kontor.web.languages import language_of, say_which
from kontor.web.pages import message_page
from kontor.web.secret_paths import without_tokens
from kontor.web.signin import SignInFirst
from kontor.words import N_, _, language_is

log = logging.getLogger("kontor.web")

_SENTENCES = {
    404: ("not_found", N_("The address may be mistyped, or what was here has moved. Start again from the lobby.")),
    405: ("method_not_allowed", N_("This address cannot be used in this way.")),
}
_BROKEN = N_(
    "Something broke on our side. Nothing of yours is lost. Please try again; "
    "if it happens once more, tell the people who run this installation."
)


def add_answers(app: FastAPI) -> None:
    """Teach an application to answer errors; nothing that a program raises reaches anybody raw."""
    app.add_exception_handler(KontorError, _kontor_error)
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(Exception, _broken)


def is_api(request: Request) -> bool:
    """Whether a program asks, who wants JSON."""
    return request.url.path.startswith(f"{request.app.state.site.service_prefix}api/")


def answer(request: Request, status: int, code: str, message: str) -> Response:
    """An error in the shape that suits who asks."""
    if is_api(request):
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": {"code": code, "message": message, "status": status}}, status, headers)
    return message_page(request, status, code, message)


async def _kontor_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KontorError)
    if error.status >= 500:
        log.warning("%s %s: %s", request.method, without_tokens(request.url.path), error)
    found = answer(request, error.status, error.code, error.message)
    if isinstance(error, TooMany):
        found.headers["Retry-After"] = str(error.retry_after)
    return found


async def _sign_in_first(request: Request, _error: Exception) -> Response:
    """Pages lead to the hub; a fragment tells htmx to load the page anew, which then does."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    if request.method not in ("GET", "HEAD"):
        return answer(request, 401, "not_signed_in", _("You are not signed in any more. Open the lobby and sign in."))
    after = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    begun: Response = request.app.state.signin.begin(after)
    return begun


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code, message = _SENTENCES.get(status, (HTTPStatus(status).name.lower(), f"{error.detail}."))
    found = answer(request, status, code, _(message))
    found.headers.update(error.headers or {})
    return found


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = [".".join(str(part) for part in one["loc"][1:]) + f": {one['msg'].lower()}" for one in error.errors()]
    message = _("What was sent cannot be used: {mistakes}.").format(mistakes="; ".join(places))
    return answer(request, 422, "bad_request", message)


async def _broken(request: Request, _error: Exception) -> Response:
    """The server logs the failure whole; here nobody reads more than that it is ours.

    It answers outside of what sets language and headers, so it sets both itself.
    """
    with language_is(language := language_of(request)):
        found = answer(request, 500, "internal_error", _(_BROKEN))
    if not is_api(request):
        say_which(found.headers, language)
    for name, value in request.app.state.security_headers.items():
        found.headers.setdefault(name, value)
    return found
