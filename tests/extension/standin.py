"""The far edge of a lab: hub, kontor service and gateway in one small web server on loopback.

It knows a few tokens, answers what a test puts into `answers`; it notes what it was asked.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

MAJA, STRANGER, LAB = "token-maja", "token-stranger", "token-lab"
MAJA_NAME = "u" + "m" * 24
WORKSPACE = "ws-knee-mr"
ACCESS = f"access:servers!server={WORKSPACE}/"

CALLERS: dict[str, dict[str, Any]] = {
    MAJA: {"kind": "user", "name": MAJA_NAME, "scopes": [ACCESS], "user_info": {"display_name": "Maja Lindqvist"}},
    STRANGER: {"kind": "user", "name": "u" + "s" * 24, "scopes": []},
}

PILOT: dict[str, Any] = {"slug": "knee-mr", "title": "Cartilage under load", "role": None, "people": []}
CLUSTER: dict[str, Any] = {
    "name": "a" * 32,
    "pilot": "knee-mr",
    "status": "running",
    "workers": 1,
    "wanted": 2,
    "started_by": WORKSPACE,
    "started_at": 1_700_000_000_000,
    "ends_at": 1_700_003_600_000,
}


class StandIn:
    """Answers by (method, path); `asked` holds (method, path, authorization, JSON body) of each question."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, str, Any]] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        self.reset()

    def reset(self) -> None:
        self.asked.clear()
        self.answers = {
            ("GET", "/api/pilots"): (200, {"items": [dict(PILOT)], "total": 1, "offset": 0, "limit": 200}),
            ("GET", "/api/pilots/knee-mr/datasets"): (200, {"datasets": [{"id": "knee-mr/brain-mr"}]}),
            ("PUT", "/api/presence"): (200, {"may_be_here": [MAJA_NAME]}),
            ("GET", "/gateway/api/kontor/clusters"): (200, {"clusters": [CLUSTER], "limits": {"workers": 8}}),
            ("POST", "/gateway/api/v1/clusters/"): (201, {"name": CLUSTER["name"]}),
            ("POST", f"/gateway/api/v1/clusters/{CLUSTER['name']}/scale"): (200, {"ok": True}),
            ("DELETE", f"/gateway/api/v1/clusters/{CLUSTER['name']}"): (204, None),
        }

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/hub/api", self._hub)
        app.router.add_get("/hub/api/", self._hub)
        app.router.add_get("/hub/api/user", self._user)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _hub(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "6.1.1"}, headers={"X-JupyterHub-Version": "6.1.1"})

    async def _user(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        caller = CALLERS.get(token)
        if caller is None:
            return web.json_response({"status": 403, "message": "no such token"}, status=403)
        return web.json_response({"groups": [], "admin": False, **caller})

    async def _answer(self, request: web.Request) -> web.Response:
        content = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path_qs, request.headers.get("Authorization", ""), content))
        status, answer = self.answers.get((request.method, request.path), (404, {"error": "nothing here"}))
        if answer is None:
            return web.Response(status=status)
        return web.json_response(answer, status=status)
