"""All that a member can hold of a pilot at once, and how long after a moment each of it ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from botocore.exceptions import ClientError

from kontor.clusters.client import ClusterClient
from kontor.data import objectstore
from kontor.data.store_access import BUCKET
from kontor.hubapi import HubAPI
from tests.tree import Tree, Visitor, account, origin

NOTEBOOK = "01-first-steps.ipynb"


def hub_token(visitor: Visitor, name: str, *scopes: str) -> str:
    """A token that somebody makes for themselves on the hub's page."""
    hub = f"{visitor.tree.site.public_url}/hub"
    visitor.client.get(f"{hub}/token")
    domain = urlsplit(hub).hostname or ""
    (xsrf,) = {one.value for one in visitor.client.cookies.jar if one.name == "_xsrf" and one.domain == domain}
    answer = visitor.client.post(
        f"{hub}/api/users/{account(name)}/tokens",
        json={"note": "test", "expires_in": 3600, "scopes": list(scopes)},
        headers={"X-XSRFToken": xsrf or "", "Referer": f"{hub}/token", "Origin": origin(hub)},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


class Lead:
    """Changes members through the API, as a lead's own program does."""

    def __init__(self, visitor: Visitor, name: str, pilot: str) -> None:
        token = hub_token(visitor, name, "custom:kontor:manage", "access:services!service=lobby")
        self._client = httpx.Client(
            base_url=f"{visitor.tree.site.service_url}api/pilots/{pilot}/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def close(self) -> None:
        self._client.close()

    def version(self, name: str) -> int:
        found = self._client.get("members", params={"limit": 200}).json()["items"]
        return next(int(one["version"]) for one in found if one["name"] == account(name))

    def remove(self, name: str) -> None:
        answer = self._client.delete(f"members/{account(name)}", params={"version": self.version(name)})
        assert answer.status_code == 204, answer.text

    def change(self, name: str, role: str) -> None:
        body = {"version": self.version(name), "role": role}
        answer = self._client.patch(f"members/{account(name)}", json=body)
        assert answer.status_code == 200, answer.text

    def add(self, name: str, role: str) -> None:
        answer = self._client.post("members", json={"people": [account(name)], "role": role})
        assert answer.status_code == 201, answer.text


@dataclass
class Holdings:
    """What somebody holds; `ends` are the waits for the end of each, by name."""

    tree: Tree
    pilot: str
    name: str
    visitor: Visitor
    base: str
    cookies: str = ""
    ends: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _http: aiohttp.ClientSession | None = None
    _waiting: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @classmethod
    async def take(cls, tree: Tree, pilot: str, name: str, visitor: Visitor, base: str) -> Holdings:
        """Open everything that a browser would, of a workspace that runs at `base`."""
        self = cls(tree, pilot, name, visitor, base)
        self.sign_in()
        connector = aiohttp.TCPConnector(force_close=True)
        self._http = aiohttp.ClientSession(
            connector=connector, headers={"Cookie": self.cookies, "Origin": origin(base)}
        )
        await self._open_sockets()
        self.ends["page"] = self._until_not(f"{base}/lab")
        self.ends["REST"] = self._until_not(f"{base}/api/contents/{NOTEBOOK}")
        return self

    async def close(self) -> None:
        for task in self._waiting.values():
            task.cancel()
        assert self._http
        await self._http.close()

    async def measure(self, begun: float, limit: float) -> dict[str, float]:
        """Seconds from `begun` until each has ended; fails if one has not within `limit`."""
        seconds: dict[str, float] = {}

        async def one(what: str, ended: Callable[[], Awaitable[None]]) -> None:
            await ended()
            seconds[what] = round(time.monotonic() - begun, 1)

        with suppress(TimeoutError):
            async with asyncio.timeout(limit - (time.monotonic() - begun)):
                await asyncio.gather(*(one(what, ended) for what, ended in self.ends.items()))
        assert seconds.keys() == self.ends.keys(), f"still open: {self.ends.keys() - seconds.keys()}; ended: {seconds}"
        return seconds

    def may_read(self) -> bool:
        """Whether the workspace lets this person's browser in now; the hub signs them in again without asking."""
        arrived = self.visitor.client.get(f"{self.base}/lab")
        if arrived.status_code != 200 or not str(arrived.url).startswith(self.base):
            return False
        url = f"{self.base}/api/contents/{NOTEBOOK}"
        return (
            self.visitor.client.get(url, headers={"X-XSRFToken": self.xsrf}, follow_redirects=False).status_code == 200
        )

    def sign_in(self) -> None:
        """Open the page of the workspace, as a browser does."""
        assert self.visitor.client.get(f"{self.base}/lab").status_code == 200
        host = urlsplit(self.base).hostname or ""
        jar = [one for one in self.visitor.client.cookies.jar if host.endswith(one.domain.lstrip("."))]
        self.cookies = "; ".join(f"{one.name}={one.value}" for one in jar if self.base.endswith(one.path.rstrip("/")))

    @property
    def xsrf(self) -> str:
        """What a page of the workspace sends along to prove that it is one."""
        host = urlsplit(self.base).hostname or ""
        jar = [one for one in self.visitor.client.cookies.jar if host.endswith(one.domain.lstrip("."))]
        return next(one.value or "" for one in jar if one.name == "_xsrf" and one.path.startswith("/user/"))

    async def _open_sockets(self) -> None:
        session = await self._ask(
            "PUT", f"api/collaboration/session/{NOTEBOOK}", {"format": "json", "type": "notebook"}
        )
        room = f"json:notebook:{session['fileId']}?sessionId={session['sessionId']}"
        kernel = await self._ask("POST", "api/kernels", {"name": "python3"})
        terminal = await self._ask("POST", "api/terminals", {})
        for what, path in {
            "document": f"api/collaboration/room/{room}",
            "kernel": f"api/kernels/{kernel['id']}/channels",
            "terminal": f"terminals/websocket/{terminal['name']}",
            "events": "api/events/subscribe",
        }.items():
            assert self._http
            socket = await self._http.ws_connect(f"{self.base}/{path}")
            self._waiting[what] = asyncio.create_task(_until_closed(socket))
            self.ends[f"{what} socket"] = lambda task=self._waiting[what]: asyncio.shield(task)  # type: ignore[misc]

    async def _ask(self, method: str, path: str, content: Any) -> Any:
        assert self._http
        headers = {"X-XSRFToken": self.xsrf}
        async with self._http.request(method, f"{self.base}/{path}", json=content, headers=headers) as answer:
            assert answer.status in (200, 201), await answer.text()
            return await answer.json()

    def _until_not(self, url: str) -> Callable[[], Awaitable[None]]:
        async def ended() -> None:
            assert self._http
            while True:
                with suppress(aiohttp.ClientError):
                    async with self._http.get(url, allow_redirects=False) as answer:
                        if answer.status != 200:
                            return
                await asyncio.sleep(0.1)

        return ended

    def keys(self, what: str, token: str) -> Any:
        """Take store keys with a token of the service; their end is measured as well."""
        s3 = store_client(self.tree, self.pilot, token)
        assert keys_work(s3, self.pilot) == [True, True, True]

        async def ended() -> None:
            while any(await asyncio.to_thread(keys_work, s3, self.pilot)):
                await asyncio.sleep(0.1)

        self.ends[what] = ended
        return s3

    def service_token(self, what: str, token: str) -> None:
        """A token with which the service hands out keys; its end is measured."""

        async def ended() -> None:
            while await asyncio.to_thread(_status, self.tree, self.pilot, token) == 200:
                await asyncio.sleep(0.1)

        self.ends[what] = ended

    def hub_token(self, what: str, token: str) -> None:
        """A token that the hub knows; its end is measured."""

        async def ended() -> None:
            async with HubAPI(self.tree.site.hub_api_url, token) as hub:
                while await hub.user_for_token(token) is not None:
                    await asyncio.sleep(0.1)

        self.ends[what] = ended

    def cluster(self, name: str) -> None:
        """A cluster that runs; its end, and that of its processes' folder, is measured."""

        async def ended() -> None:
            async with ClusterClient(self.tree.site) as clusters:
                while name in {one.name for one in await clusters.list(self.pilot)}:
                    await asyncio.sleep(0.1)
            while (self.tree.site.run / "clusters" / name).exists():
                await asyncio.sleep(0.1)

        self.ends["cluster"] = ended


async def _until_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _message in socket:
        pass


def _status(tree: Tree, pilot: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{tree.site.service_url}api/store/credentials/{pilot}"
    return httpx.get(url, headers=headers, trust_env=False, timeout=30).status_code


def store_client(tree: Tree, pilot: str, token: str) -> Any:
    """An S3 client with fresh keys."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{tree.site.service_url}api/store/credentials/{pilot}"
    answer = httpx.get(url, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    keys = json.loads(answer.text)
    return objectstore.client("s3", tree.site.store_url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])


def keys_work(s3: Any, pilot: str) -> list[bool]:
    """Whether keys can list, get and put."""
    found = ""

    def listed() -> None:
        nonlocal found
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"raw/{pilot}/", MaxKeys=1)["Contents"][0]["Key"]

    return [
        _works(listed),
        _works(lambda: s3.get_object(Bucket=BUCKET, Key=found or f"raw/{pilot}/x")),
        _works(lambda: s3.put_object(Bucket=BUCKET, Key=f"scratch/{pilot}/probe", Body=b"x")),
    ]


def _works(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error  # noqa: PT017
        return False
    return True
