"""The clusters of a pilot, as the Dask gateway tells them, and the ways to start, change and stop them.

The gateway decides who may do what and how much; its sentences reach the panel unchanged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from kontor_lab.errors import Refusal
from kontor_lab.fetch import fetch_json
from kontor_lab.handler import KontorHandler, members_only

SILENT: Final = (502, "gateway_unreachable", "The clusters do not answer at the moment. Try again in a minute.")
FAILED: Final = (502, "gateway_failed", "The clusters could not do this. Try again in a minute.")
ABSENT: Final = (503, "no_clusters", "This lab has no clusters. Open it from the lobby of Kontor.")
NOT_A_NUMBER: Final = (400, "bad_workers", "Give the number of workers as a whole number, 0 or more.")


class ClustersHandler(KontorHandler):
    """The clusters of one pilot."""

    @members_only
    async def get(self, slug: str) -> None:
        found = await ask_gateway(self, "GET", f"/api/kontor/clusters?pilot={quote(slug, safe='')}")
        self.finish({"clusters": [report(one) for one in found["clusters"]], "limits": found.get("limits")})

    @members_only
    async def post(self, slug: str) -> None:
        options = {"pilot": slug, "workers": workers_of(self)}
        found = await ask_gateway(self, "POST", "/api/v1/clusters/", {"cluster_options": options})
        self.set_status(201)
        self.finish({"name": found["name"]})


class ClusterHandler(KontorHandler):
    """One cluster."""

    @members_only
    async def patch(self, name: str) -> None:
        count = {"count": workers_of(self)}
        await ask_gateway(self, "POST", f"/api/v1/clusters/{quote(name, safe='')}/scale", count)
        self.set_status(204)
        self.finish()

    @members_only
    async def delete(self, name: str) -> None:
        await ask_gateway(self, "DELETE", f"/api/v1/clusters/{quote(name, safe='')}")
        self.set_status(204)
        self.finish()


def workers_of(handler: KontorHandler) -> int:
    """The number of workers that the request asks for; how many are too many is the gateway's to say."""
    workers = handler.json_body().get("workers")
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise Refusal(*NOT_A_NUMBER)
    return workers


def report(cluster: dict[str, Any]) -> dict[str, Any]:
    """A cluster as the panel shows it: moments as text with their zone."""
    moments = {
        key: datetime.fromtimestamp(cluster[key] / 1000, UTC).isoformat() if cluster.get(key) else None
        for key in ("started_at", "ends_at")
    }
    return {key: cluster[key] for key in ("name", "pilot", "status", "workers", "wanted", "started_by")} | moments


async def ask_gateway(handler: KontorHandler, method: str, path: str, content: object | None = None) -> dict[str, Any]:
    """What the gateway answers; an empty dict if it has nothing to say.

    Raises
    ------
    Refusal
        With the gateway's own sentence if it refuses; 502 if it fails or is silent.
    """
    connection = handler.connection
    if not connection.gateway or not connection.hub_token:
        raise Refusal(*ABSENT)
    status, answer = await fetch_json(
        method,
        connection.gateway + path,
        authorization=f"jupyterhub {connection.hub_token}",
        content=content,
        silent=Refusal(*SILENT),
    )
    if 200 <= status < 300:
        return answer if isinstance(answer, dict) else {}
    sentence = answer.get("error") if isinstance(answer, dict) else None
    if 400 <= status < 500 and isinstance(sentence, str) and sentence:
        raise Refusal(403 if status == 401 else status, "gateway_refused", sentence)
    handler.log.error("The gateway answered %s to %s %s", status, method, path)
    raise Refusal(*FAILED)
