"""Callers of the API: whose token a request carries.

A *caller* is a person (token of their own lab), a workspace (token inside it, which every member can take, so it
counts as the pilot and never as a person) or a cluster (token signed by the gateway). A hub token is accepted only
if it was made for this service: a person's page token for somebody else's lab is not, because the processes of
that lab can read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Literal

from kontor import names
from kontor.clusters import cluster_token
from kontor.errors import KontorError, NotAllowed
from kontor.hubapi import HubAPI

TRUSTED_SECONDS = 30.0
_REMEMBERED = 2000


class NotSignedIn(KontorError):
    """The request carries no token that is good."""

    code = "not_signed_in"
    status = 401


@dataclass(frozen=True)
class Caller:
    """Who calls.

    `pilot` is set for workspaces and clusters, which act for it and nothing else. `may_manage` is set for a person
    whose token was made for changing pilots and people (scope `names.MANAGE_SCOPE`); tokens inside labs never are.
    `started` is set for clusters: when this one began.
    """

    kind: Literal["person", "workspace", "cluster"]
    name: str
    pilot: str | None = None
    may_manage: bool = False
    started: datetime | None = None


class HubTokens:
    """What the hub says about tokens, asked again after 30 seconds at the latest.

    Parameters
    ----------
    hub : HubAPI
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, hub: HubAPI, clock: Callable[[], float] = monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def model(self, token: str, *, fresh: bool = False) -> dict[str, Any] | None:
        """The model of the token's owner, or None if the hub does not know the token.

        Parameters
        ----------
        fresh : bool
            Ask the hub, whatever is remembered.

        Raises
        ------
        NotAllowed
            If the token was not made for this service.
        Unavailable
            If the hub does not answer.
        """
        key = hashlib.sha256(token.encode()).hexdigest()
        found = self._known.get(key)
        if fresh or found is None or self._clock() - found[0] > TRUSTED_SECONDS:
            self._known.pop(key, None)
            answer = await self._hub.user_for_token(token)
            if answer is None:
                return None
            found = self._remember(key, answer)
        if not _for_this_service(found[1].get("scopes") or ()):
            raise NotAllowed("This token is not for the lobby. Use the token of your own lab.", code="wrong_token")
        return found[1]

    def forget(self, token: str) -> None:
        """Ask the hub at the next use."""
        self._known.pop(hashlib.sha256(token.encode()).hexdigest(), None)

    def _remember(self, key: str, answer: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        now = self._clock()
        if len(self._known) >= _REMEMBERED:
            self._known = {one: seen for one, seen in self._known.items() if now - seen[0] <= TRUSTED_SECONDS}
        self._known[key] = (now, answer)
        return self._known[key]


class Callers:
    """Tells callers by their tokens.

    Parameters
    ----------
    tokens : HubTokens
    cluster_key : str
        The secret with which the gateway signs the tokens of clusters.
    cluster_lifetime : timedelta
        How long a cluster may live; its token lives as long.
    """

    def __init__(self, tokens: HubTokens, cluster_key: str, cluster_lifetime: timedelta) -> None:
        self._tokens = tokens
        self._cluster_key = cluster_key
        self._cluster_lifetime = cluster_lifetime

    async def who(self, authorization: str | None, *, fresh: bool = False) -> Caller:
        """The caller with this `Authorization` header.

        Parameters
        ----------
        fresh : bool
            Do not trust what the hub said some seconds ago.

        Raises
        ------
        NotSignedIn
            If there is no token, or nobody knows it.
        NotAllowed
            If it is a good token that may not be used here, or a service's.
        """
        token = bearer(authorization)
        if not token:
            raise NotSignedIn(
                "Send a token: `Authorization: Bearer <token>`. In a lab it is in the file $KONTOR_TOKEN_FILE."
            )
        if "." in token:
            return self._cluster(token)
        model = await self._tokens.model(token, fresh=fresh)
        if model is None:
            raise NotSignedIn("Nobody knows this token. It may have expired: restart the lab.")
        return _caller(model)

    def _cluster(self, token: str) -> Caller:
        try:
            claim = cluster_token.read(token, self._cluster_key, lifetime=self._cluster_lifetime)
        except NotAllowed as error:
            raise NotSignedIn(error.message, code=error.code) from error
        return Caller("cluster", claim.cluster, claim.pilot, started=datetime.fromtimestamp(claim.started / 1000, UTC))


def bearer(authorization: str | None) -> str:
    """The token in an `Authorization` header: after `Bearer` or `token`, or the whole value, as AWS clients send it."""
    value = (authorization or "").strip()
    scheme, _, rest = value.partition(" ")
    if rest:
        return rest.strip() if scheme.lower() in {"bearer", "token"} else ""
    return value


def _caller(model: dict[str, Any]) -> Caller:
    name = str(model.get("name", ""))
    if model.get("kind") == "user" and names.is_person(name):
        return Caller("person", name, may_manage=names.MANAGE_SCOPE in (model.get("scopes") or ()))
    pilot = names.pilot_of_workspace(name)
    if model.get("kind") == "user" and pilot is not None:
        return Caller("workspace", name, pilot)
    raise NotAllowed("This is for people, workspaces and clusters only.", code="wrong_caller")


def _for_this_service(scopes: Iterable[str]) -> bool:
    return bool({"access:services", f"access:services!service={names.SERVICE_NAME}"} & set(scopes))
