"""Signing in to the pages: JupyterHub's OAuth, with PKCE.

    state cookie      lives ten minutes, one per attempt: where to go afterwards, and the proof that we asked
    session cookie    lives half a day: the hub's token, sealed, so that the browser cannot read it

Who somebody is, is asked of the hub again after 30 seconds at the latest; signing out there ends it here.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kontor import names
from kontor.errors import KontorError, NotAllowed, Unavailable
from kontor.people import store as people
from kontor.people.callers import HubTokens
from kontor.people.portrait import Portrait
from kontor.pilots import access
from kontor.site import Site
from kontor.web.reading import reading
from kontor.web.seal import Seal
from kontor.words import _

CLIENT_ID = f"service-{names.SERVICE_NAME}"
SESSION_SECONDS = 12 * 3600
STATE_SECONDS = 600

router = APIRouter(include_in_schema=False)


class SignInFirst(Exception):
    """Nobody is signed in; the answer sends the browser to the hub."""


class SignInFailed(KontorError):
    """The hub did not sign somebody in."""

    code = "sign_in_failed"


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page."""

    name: str
    portrait: Portrait


class SignIn:
    """The OAuth client of this service.

    Parameters
    ----------
    site : Site
    tokens : HubTokens
        Tells whose a token is.
    """

    def __init__(self, site: Site, tokens: HubTokens) -> None:
        self._site = site
        self._tokens = tokens
        secret = site.secret("session-secret")
        self._sessions = Seal(secret, "session")
        self._states = Seal(secret, "state")
        self._secure = site.service_public_url.startswith("https:")
        self._redirect_uri = site.service_public_url + "oauth_callback"
        self._client = httpx.AsyncClient(timeout=15.0, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def account(self, request: Request) -> str:
        """Account name of the person who is signed in.

        Raises
        ------
        SignInFirst
            If nobody is, or the hub does not know their token any more.
        NotAllowed
            If it is not a person.
        """
        session = self._sessions.open(self._cookie(request, "session"), seconds=SESSION_SECONDS)
        model = await self._tokens.model(str(session["token"])) if session else None
        if model is None:
            raise SignInFirst
        name = str(model.get("name", ""))
        if model.get("kind") != "user" or not names.is_person(name):
            raise NotAllowed(_("The lobby is for people. Sign in as yourself."), code="not_a_person")
        return name

    def begin(self, after: str) -> Response:
        """Send the browser to the hub; it comes back to `after`, which is always one of our own paths."""
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        answer = RedirectResponse(f"{self._site.public_url}/hub/api/oauth2/authorize?{urlencode(asked)}", 302)
        kept = self._states.close({"state": state, "verifier": verifier, "after": self._ours(after)})
        self._set(answer, f"state-{state[:8]}", kept, STATE_SECONDS)
        return answer

    async def finish(self, request: Request) -> Response:
        """The hub sent the browser back: exchange the code, keep the token, go where the person wanted to go.

        Raises
        ------
        SignInFailed
            If the hub said no, or this browser did not begin what is finished here.
        """
        state = request.query_params.get("state", "")
        cookie = f"state-{state[:8]}"
        kept = self._states.open(self._cookie(request, cookie), seconds=STATE_SECONDS)
        if not state or kept is None or not secrets.compare_digest(kept["state"].encode(), state.encode()):
            raise SignInFailed(
                _("This sign-in took too long or was begun in another window. Open the lobby once more.")
            )
        code = request.query_params.get("code")
        if not code:
            raise SignInFailed(_("The hub did not sign you in. Open the lobby to try again."))
        token = await self._exchange(code, kept["verifier"])
        access.poke(self._site)  # somebody who signed in for the first time has their access derived now
        answer = RedirectResponse(self._ours(kept["after"]), 302)
        self._clear(answer, cookie)
        self._set(answer, "session", self._sessions.close({"token": token}), SESSION_SECONDS)
        return answer

    def end(self, request: Request) -> Response:
        """Sign out here, then at the hub."""
        session = self._sessions.open(self._cookie(request, "session"), seconds=SESSION_SECONDS)
        if session:
            self._tokens.forget(str(session["token"]))
        answer = RedirectResponse(f"{self._site.public_url}/hub/logout", 303)
        self._clear(answer, "session")
        return answer

    async def _exchange(self, code: str, verifier: str) -> str:
        form = {
            "client_id": CLIENT_ID,
            "client_secret": self._site.secret("service-token"),
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        try:
            answer = await self._client.post(f"{self._site.hub_api_url}/oauth2/token", data=form)
        except httpx.HTTPError as error:
            raise Unavailable(_("The hub does not answer. Try again in a moment.")) from error
        token = answer.json().get("access_token") if answer.is_success else None
        if not token:
            raise SignInFailed(_("The hub did not accept this sign-in. Open the lobby once more."))
        return str(token)

    def _ours(self, path: str) -> str:
        """`path` if it is a path of this service, else the lobby; nobody is ever sent elsewhere."""
        prefix = self._site.service_prefix
        return path if path.startswith(prefix) and "\\" not in path else prefix

    def _cookie(self, request: Request, cookie: str) -> str | None:
        """The value of a cookie of ours.

        Raises
        ------
        SignInFailed
            If it came twice. Pages on other subdomains, such as a workspace's, can set a cookie of this name for the
            whole domain; which of the two is ours cannot be told (cookie tossing, RFC 6265 8.6), so neither is taken.
        """
        header = ";".join(request.headers.getlist("cookie"))
        values = [
            value
            for name, _equals, value in (part.strip().partition("=") for part in header.split(";"))
            if name == self._name(cookie)
        ]
        if len(values) > 1:
            raise SignInFailed(
                _(
                    "Another page has left a cookie for this address, so it cannot be told who you are. Delete the "
                    "cookies of {domain} in your browser, sign in again, and tell the operator."
                ).format(domain=self._site.settings.server.domain)
            )
        return values[0] if values else None

    def _name(self, cookie: str) -> str:
        return f"{'__Host-' if self._secure else ''}kontor-{cookie}"

    def _path(self) -> str:
        return "/" if self._secure else self._site.service_prefix.rstrip("/")

    def _set(self, answer: Response, cookie: str, value: str, seconds: int) -> None:
        answer.set_cookie(
            self._name(cookie),
            value,
            max_age=seconds,
            path=self._path(),
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def _clear(self, answer: Response, cookie: str) -> None:
        answer.delete_cookie(self._name(cookie), path=self._path(), secure=self._secure, httponly=True, samesite="lax")


async def _account(request: Request) -> str:
    """Account name of the person who looks at a page; raises SignInFirst if nobody is signed in."""
    signin: SignIn = request.app.state.signin
    return await signin.account(request)


def visitor_of(request: Request, session: Session, account: str) -> Visitor:
    """The person with an account name.

    Raises
    ------
    NotAllowed
        If the hub knows them and we do not: the database is another one than when they signed in.
    """
    person = people.get(session, account)
    if person is None:
        raise NotAllowed(_("We do not know you any more. Sign out and sign in again."), code="unknown_person")
    return Visitor(account, request.app.state.portraits.of(person))


async def _visitor(request: Request, account: Annotated[str, Depends(_account)]) -> Visitor:
    """The person who looks at a page; raises as `_account` and `visitor_of`."""
    return await reading(request, lambda session: visitor_of(request, session, account))


FromAccount = Annotated[str, Depends(_account)]
FromVisitor = Annotated[Visitor, Depends(_visitor)]


@router.get("/oauth_callback")
async def oauth_callback(request: Request) -> Response:
    signin: SignIn = request.app.state.signin
    return await signin.finish(request)


@router.post("/logout")
async def logout(request: Request) -> Response:
    signin: SignIn = request.app.state.signin
    return signin.end(request)
