"""The one client of JupyterHub's REST API.

Everything outside `people`, `warmstart`, `clusters`, `configure` and the sign-in speaks to the hub through this
class, with the token of the part that calls.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

import httpx

from kontor.errors import NotAllowed, NotFound, Unavailable
from kontor.words import _

Model = dict[str, Any]


class HubAPI:
    """JupyterHub's REST API with one token.

    Parameters
    ----------
    url : str
        The API's address on loopback, for example ``http://127.0.0.1:8081/hub/api``.
    token : str
        Token of the calling service.
    timeout : float
        Seconds per request.

    Raises
    ------
    Unavailable
        (all methods) if the hub does not answer or answers with a server error.
    NotAllowed, NotFound
        (all methods) if it answers 403 or 404, unless the method says otherwise.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 15.0) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._client = httpx.AsyncClient(timeout=timeout, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> HubAPI:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """One request; 403, 404 and failures become our errors, everything else is returned."""
        headers = {"Authorization": f"token {token or self._token}"}
        try:
            answer = await self._client.request(method, self._url + path, json=json, params=params, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(_("The hub does not answer. Try again in a moment.")) from error
        if answer.status_code >= 500:
            raise Unavailable(
                _("The hub could not do this (status {status}). Try again in a moment.").format(
                    status=answer.status_code
                )
            )
        if answer.status_code == 404:
            raise NotFound(_("The hub knows nothing at {path}.").format(path=path))
        if answer.status_code == 403:
            raise NotAllowed(_message(answer) or _("The hub does not allow this."))
        return answer

    async def user_for_token(self, token: str) -> Model | None:
        """Who a token belongs to (a user's or service's model), or None if the hub does not know the token."""
        try:
            answer = await self.request("GET", "/user", token=token)
        except (NotAllowed, NotFound):
            return None
        return cast(Model, answer.json()) if answer.is_success else None

    async def user(self, name: str) -> Model | None:
        """A user's model, or None."""
        try:
            return cast(Model, (await self.request("GET", f"/users/{quote(name)}")).json())
        except NotFound:
            return None

    async def users(self) -> list[Model]:
        """All users (pages followed)."""
        return await self._pages("/users")

    async def groups(self) -> list[Model]:
        """All groups (pages followed)."""
        return await self._pages("/groups")

    async def _pages(self, path: str) -> list[Model]:
        found: list[Model] = []
        while True:
            answer = await self.request("GET", path, params={"offset": len(found), "limit": 200})
            page = cast(list[Model], answer.json())
            found += page
            if len(page) < 200:
                return found

    async def shared_with(self, name: str) -> set[str]:
        """The people with whom a user's default server is shared (pages followed); nobody if there is no such user."""
        found: set[str] = set()
        offset: int | None = 0
        while offset is not None:
            try:
                answer = await self.request("GET", f"/shares/{quote(name)}/", params={"offset": offset, "limit": 200})
            except NotFound:
                return set()
            page = answer.json()
            found |= {share["user"]["name"] for share in page["items"] if share["user"]}
            following = page["_pagination"]["next"]
            offset = following["offset"] if following else None
        return found

    async def stop_server(self, name: str) -> None:
        """Ask for a user's default server to end; returns while it still ends. One that does not run is no mistake.

        Raises
        ------
        Unavailable
            With the hub's own words if it refuses.
        """
        answer = await self.request("DELETE", f"/users/{quote(name)}/server")
        if not answer.is_success and answer.status_code != 400:
            raise Unavailable(
                _message(answer)
                or _("The hub could not do this (status {status}). Try again in a moment.").format(
                    status=answer.status_code
                )
            )

    async def start_server(self, name: str) -> bool:
        """Ask for a user's default server. True if it already runs, False if it is starting.

        Raises
        ------
        Unavailable
            With the hub's own words if it refuses to start it.
        """
        answer = await self.request("POST", f"/users/{quote(name)}/server")
        if answer.status_code == 400 and "already running" in answer.text:
            return True
        if answer.status_code == 400 and "pending" in answer.text:
            return False
        if not answer.is_success:
            raise Unavailable(
                _message(answer)
                or _("The hub could not do this (status {status}). Try again in a moment.").format(
                    status=answer.status_code
                )
            )
        return answer.status_code == 201


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))
    except ValueError:
        return ""
