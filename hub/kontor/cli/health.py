"""Does a part answer? One small question for each part, asked on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx

from kontor.data import objectstore
from kontor.pilots.access import poke
from kontor.pilots.reconciler import INTERVAL
from kontor.site import Site

Check = Callable[[], Awaitable[bool]]


async def http_answers(url: str) -> bool:
    """Whether an address answers with success or a redirect within two seconds."""
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            return (await client.get(url)).status_code < 400
    return False


async def port_answers(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with suppress(OSError, TimeoutError):
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 2.0)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True
    return False


def _fresh(path: Path, seconds: float) -> bool:
    """Whether a file was touched within the last seconds."""
    try:
        return time.time() - path.stat().st_mtime < seconds
    except FileNotFoundError:
        return False


def checks(site: Site) -> dict[str, Check]:
    """Part -> its question, in the order in which `kontor doctor` lists them."""
    ports = site.ports

    async def store() -> bool:
        return await asyncio.to_thread(objectstore.ready, site.store_url)

    async def issuer() -> bool:
        return await http_answers(f"{site.issuer_url}/healthz")

    async def proxy() -> bool:
        return await http_answers(f"http://127.0.0.1:{ports.proxy_api}/ping")

    async def hub() -> bool:
        return await http_answers(f"{site.hub_api_url}/health")

    async def service() -> bool:
        return await http_answers(f"{site.service_url}api/health")

    async def gateway() -> bool:
        return await http_answers(f"{site.gateway_url}/api/health") and await port_answers(ports.gateway_proxy)

    async def reconciler() -> bool:
        return poke(site) and _fresh(site.run / "reconciled", 2 * INTERVAL)

    found: dict[str, Check] = {
        "store": store,
        "proxy": proxy,
        "hub": hub,
        "service": service,
        "gateway": gateway,
        "reconciler": reconciler,
    }
    if site.settings.demo.enabled:
        found["issuer"] = issuer
    return found
