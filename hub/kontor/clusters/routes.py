"""Our own route of the gateway: the caller's clusters with what pages show.

`GET /api/kontor/clusters[?pilot=SLUG]` -> `{"clusters": [...], "limits": {"clusters": n, "workers": n}}`; each
cluster is a `report` below. It tells nothing that would let one connect.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web
from dask_gateway_server.routes import api_handler

PATH = "/api/kontor/clusters"


def report(cluster: Any, *, workers: int, wanted: int, ends: int) -> dict[str, Any]:
    """What a page shows of a cluster.

    `workers` run now, `wanted` were asked for; times are milliseconds since 1970, `ends_at` the latest possible end.
    """
    return {
        "name": cluster.name,
        "pilot": cluster.options["pilot"],
        "status": cluster.model_status.name.lower(),
        "workers": workers,
        "wanted": wanted,
        "started_by": cluster.options["started_by"],
        "started_at": cluster.start_time,
        "ends_at": ends,
    }


@api_handler(user_authenticated=True)  # type: ignore[untyped-decorator]
async def list_reports(request: web.Request) -> web.Response:
    """The caller's clusters that start, run or stop, oldest first; of one pilot if `?pilot=` is given."""
    backend, user = request.app["backend"], request["user"]
    pilot = request.query.get("pilot")
    if pilot is not None and not user.may_use(pilot):
        raise web.HTTPForbidden(reason="You may not see the clusters of this pilot.")
    clusters = [one for one in backend.reports(user) if pilot in (None, one["pilot"])]
    return web.json_response(
        {
            "clusters": sorted(clusters, key=lambda one: int(one["started_at"])),
            "limits": {"clusters": backend.limits.clusters, "workers": backend.limits.workers},
        }
    )
