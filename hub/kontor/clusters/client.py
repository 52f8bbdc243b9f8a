"""The kontor service's side of the gateway: list, start, scale and stop the clusters of pilots.

async with ClusterClient(site) as clusters:
    name = await clusters.start("knee-mr", workers=2, started_by=account)
    for one in await clusters.list("knee-mr"): ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from kontor.errors import Conflict, KontorError, NotAllowed, NotFound, Unavailable
from kontor.names import check_slug
from kontor.site import Site
from kontor.words import _

BEHALF: Final = "Kontor-On-Behalf-Of"
"""Header with the account for whom the kontor service asks the gateway to do something."""

_ERRORS: dict[int, type[KontorError]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict}


@dataclass(frozen=True)
class ClusterInfo:
    """A cluster as pages show it.

    Parameters
    ----------
    name, pilot : str
    status : str
        `pending`, `running` or `stopping`.
    workers, wanted : int
        Running now; asked for.
    started_by : str
        Account of a person or a workspace, or `service:lobby`.
    started_at, ends_at : datetime
        With time zone; `ends_at` is the latest possible end.
    """

    name: str
    pilot: str
    status: str
    workers: int
    wanted: int
    started_by: str
    started_at: datetime
    ends_at: datetime


class ClusterClient:
    """The gateway, as the kontor service or, with the name of its secret, the reconciler.

    Raises
    ------
    Unavailable
        (all methods) if the gateway does not answer.
    KontorError
        (all methods) with the gateway's own sentence if it refuses: limits, numbers of workers, unknown clusters.
    """

    def __init__(self, site: Site, *, secret: str = "service-token", timeout: float = 30.0) -> None:  # noqa: S107
        headers = {"Authorization": f"jupyterhub {site.secret(secret)}"}
        self._client = httpx.AsyncClient(base_url=site.gateway_url, headers=headers, timeout=timeout, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> ClusterClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def list(self, pilot: str | None = None) -> list[ClusterInfo]:
        """Clusters that start, run or stop, oldest first; of one pilot or of all."""
        params = {} if pilot is None else {"pilot": check_slug(pilot)}
        answer = await self._request("GET", "/api/kontor/clusters", params=params)
        return [_info(one) for one in answer.json()["clusters"]]

    async def start(self, pilot: str, *, workers: int, started_by: str) -> str:
        """Ask for a cluster of `pilot` on behalf of an account; returns its name at once, while it still starts."""
        options = {"pilot": pilot, "workers": workers, "started_by": started_by}
        answer = await self._request("POST", "/api/v1/clusters/", json={"cluster_options": options})
        return str(answer.json()["name"])

    async def scale(self, pilot: str, name: str, workers: int) -> None:
        """Ask for another number of workers of a running cluster of `pilot`."""
        await self._belongs(pilot, name)
        await self._request("POST", f"/api/v1/clusters/{name}/scale", json={"count": workers})

    async def stop(self, pilot: str, name: str, *, asked_by: str = "") -> None:
        """Ask a cluster of `pilot` to end, on behalf of an account; without one, Kontor itself ends it."""
        await self._belongs(pilot, name)
        await self._request("DELETE", f"/api/v1/clusters/{name}", headers={BEHALF: asked_by})

    async def stop_all(self, pilot: str) -> int:
        """Ask all clusters of `pilot` to end; returns how many."""
        return await self._stop([one for one in await self.list(pilot) if one.status != "stopping"])

    async def stop_older(self, since: Mapping[str, datetime]) -> int:
        """Ask the clusters of these pilots to end that started before a moment (somebody who has their keys left).

        Parameters
        ----------
        since : mapping
            Pilot -> moment.
        """
        running = [one for one in await self.list() if one.status != "stopping" and one.pilot in since]
        return await self._stop([one for one in running if one.started_at < since[one.pilot]])

    async def _stop(self, clusters: Sequence[ClusterInfo]) -> int:
        async def end(name: str) -> None:
            with suppress(NotFound):  # it has ended meanwhile
                await self._request("DELETE", f"/api/v1/clusters/{name}")

        await asyncio.gather(*(end(one.name) for one in clusters))
        return len(clusters)

    async def _belongs(self, pilot: str, name: str) -> None:
        """Raise NotFound unless `name` is a cluster of `pilot`: what is asked for one pilot happens to no other."""
        if name not in {one.name for one in await self.list(pilot)}:
            raise NotFound(
                _("The pilot {pilot} has no such cluster any more. Load the page again.").format(pilot=pilot),
                code="no_such_cluster",
            )

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise Unavailable(_("The clusters do not answer. Try again in a moment.")) from error
        if answer.is_success:
            return answer
        raise _error(answer)


def _error(answer: httpx.Response) -> KontorError:
    if answer.status_code >= 500:
        return Unavailable(_("The clusters could not do this. Try again in a moment."))
    try:
        sentence = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        sentence = _("The clusters refused this (status {status}).").format(status=answer.status_code)
    return _ERRORS.get(answer.status_code, KontorError)(sentence, code="cluster_refused")


def _info(model: dict[str, Any]) -> ClusterInfo:
    return ClusterInfo(**{**model, "started_at": _moment(model["started_at"]), "ends_at": _moment(model["ends_at"])})


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
