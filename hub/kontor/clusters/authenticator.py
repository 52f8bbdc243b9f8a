"""Recognises callers by their JupyterHub token."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web
from dask_gateway_server.auth import JupyterHubAuthenticator, UserCache
from traitlets import default

from kontor import names
from kontor.clusters.user import PilotUser

_SCHEME = "jupyterhub"


class NoCache(UserCache):  # type: ignore[misc]
    """Remembers nobody. A cookie would let somebody start a cluster after they have left its pilot."""

    def get(self, cookie: str) -> None:
        return None

    def put(self, user: PilotUser) -> str:
        return ""


class PilotAuthenticator(JupyterHubAuthenticator):  # type: ignore[misc]
    """Asks the hub whose token it is, and turns its groups into pilots.

    Persons and workspaces need a token with the scope to access the hub service `gateway`. Of the hub's services
    only two are let in, and act for all pilots: the kontor service, and the reconciler, which ends the clusters that a
    member who leaves has keys to. The hub is asked at every request. Answers 401 to everyone else, and 502 with a
    sentence when the hub does not answer.
    """

    @default("cache")  # type: ignore[untyped-decorator]
    def _no_cache(self) -> NoCache:
        return NoCache(max_age=0)

    async def setup(self, app: web.Application) -> None:
        self._known: dict[str, PilotUser] = {}
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15), trust_env=False)
        self.ssl_context = None

    def known(self, name: str | None) -> PilotUser | None:
        """The caller of this name as the hub described them last."""
        return self._known.get(name or "")

    def get_token(self, request: web.Request) -> str | None:
        """The hub token of `Authorization: jupyterhub <token>`, or None."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() or None if scheme == _SCHEME else None

    async def authenticate(self, request: web.Request) -> PilotUser:
        """The caller of a request.

        Raises
        ------
        HTTPUnauthorized
            Without a token, or with one that the hub does not know or that may not use the gateway.
        HTTPBadGateway
            If the hub cannot be asked.
        """
        token = self.get_token(request)
        if token is None:
            raise _unauthorised("Authentication required")
        user = self._user(await self._ask_hub(token))
        self._known[user.name] = user
        return user

    async def _ask_hub(self, token: str) -> dict[str, Any]:
        url, headers = f"{self.jupyterhub_api_url}/user", {"Authorization": f"token {token}"}
        try:
            async with self.session.get(url, headers=headers) as answer:
                if answer.status in (401, 403, 404):
                    raise _unauthorised("JupyterHub does not know this token. Restart your lab to get a new one.")
                if answer.status >= 400:
                    self.log.error("The hub answered %s when asked about a token", answer.status)
                    raise web.HTTPBadGateway(reason="JupyterHub could not check the token. Try again in a moment.")
                model: dict[str, Any] = await answer.json()
                return model
        except (TimeoutError, aiohttp.ClientError) as error:
            self.log.error("The hub does not answer: %s", error)
            raise web.HTTPBadGateway(reason="JupyterHub does not answer. Try again in a moment.") from error

    def _user(self, model: dict[str, Any]) -> PilotUser:
        """The caller that a hub model (`GET /user`) describes."""
        wanted = {"access:services", f"access:services!service={self.jupyterhub_service_name}"}
        if wanted.isdisjoint(model.get("scopes", ())):
            self.log.info("Token of %s %s may not use the gateway", model["kind"], model["name"])
            raise _unauthorised("This token may not use clusters.")
        if model["kind"] == "user":
            return PilotUser(model["name"], model.get("groups", ()))
        if model["kind"] == "service" and model["name"] in (names.SERVICE_NAME, names.RECONCILER_NAME):
            return PilotUser(f"service:{model['name']}", is_service=True)
        raise _unauthorised("Only people, workspaces and the lobby use clusters.")


def _unauthorised(reason: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(headers={"WWW-Authenticate": _SCHEME}, reason=reason)
