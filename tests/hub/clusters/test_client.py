"""The kontor service's client, against a real gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from kontor.clusters.client import ClusterClient
from kontor.errors import Conflict, KontorError, NotAllowed, NotFound, Unavailable
from kontor.site import Site

EVE = "u" + "c" * 24


@pytest.fixture
async def clusters(gateway: Any) -> AsyncIterator[ClusterClient]:
    async with ClusterClient(gateway.site) as client:
        yield client
        await client.stop_all("two")
    gateway.wait_for(lambda: not gateway.clusters("eve-token"), "pilot two's clusters stopped")


async def test_start_scale_stop(gateway: Any, clusters: ClusterClient) -> None:
    name = await clusters.start("two", workers=1, started_by=EVE)
    gateway.wait_running("eve-token", name, workers=1)
    (one,) = await clusters.list("two")
    assert (one.name, one.pilot, one.status, one.workers, one.started_by) == (name, "two", "running", 1, EVE)
    assert (one.ends_at - one.started_at).total_seconds() == 12 * 3600
    assert one.started_at.tzinfo is not None
    await clusters.scale("two", name, 0)
    gateway.wait_for(lambda: gateway.clusters("eve-token")[0]["workers"] == 0, "worker gone")
    with pytest.raises(Conflict, match="at most 3 workers at once; 99 is too many"):
        await clusters.scale("two", name, 99)
    with pytest.raises(KontorError, match="non-negative"):
        await clusters.scale("two", name, -1)
    await clusters.stop("two", name)


async def test_quota_in_words(clusters: ClusterClient) -> None:
    await clusters.start("two", workers=0, started_by=EVE)
    with pytest.raises(KontorError, match="at most 3 workers"):
        await clusters.start("two", workers=4, started_by=EVE)
    await clusters.start("two", workers=0, started_by=EVE)
    with pytest.raises(KontorError, match="The pilot two already runs 2 clusters, as many as it may"):
        await clusters.start("two", workers=0, started_by=EVE)
    assert await clusters.stop_all("two") == 2


async def test_one_pilots_page_reaches_no_other_pilot(shared: str, clusters: ClusterClient) -> None:
    with pytest.raises(NotFound, match="The pilot two has no such cluster any more"):
        await clusters.stop("two", shared)
    with pytest.raises(NotFound):
        await clusters.scale("two", shared, 0)
    assert shared in {one.name for one in await clusters.list()}


async def test_those_that_started_before_somebody_left_end_and_no_others(gateway: Any, shared: str) -> None:
    """Asked by the reconciler, which has a secret of its own."""
    (gateway.site.state / "secrets" / "reconciler-token").write_text("reconciler-token")
    async with ClusterClient(gateway.site, secret="reconciler-token") as clusters:
        old = await clusters.start("two", workers=0, started_by=EVE)
        (one,) = await clusters.list("two")
        after = one.started_at + timedelta(milliseconds=1)
        assert await clusters.stop_older({"two": one.started_at, "three": after}) == 0, "not before this moment"
        young = await clusters.start("two", workers=0, started_by=EVE)
        assert await clusters.stop_older({"two": after}) == 1
        assert await clusters.stop_older({"two": after}) == 0
        left = {two.name for two in await clusters.list() if two.status != "stopping"}
        assert left >= {young, shared}
        assert old not in left
        await clusters.stop_all("two")
    gateway.wait_for(lambda: not gateway.clusters("eve-token"), "pilot two's clusters stopped")


@pytest.mark.parametrize("pilot", ["", "../two", "Two", "x" * 40])
async def test_no_pilot_of_that_name(clusters: ClusterClient, pilot: str) -> None:
    with pytest.raises(KontorError, match="is not a name for a pilot"):
        await clusters.list(pilot)
    with pytest.raises(KontorError, match="is not a name for a pilot"):
        await clusters.start(pilot, workers=0, started_by=EVE)


async def test_gateway_gone(make_site: Callable[[], Site]) -> None:
    async with ClusterClient(make_site()) as client:
        with pytest.raises(Unavailable, match="The clusters do not answer"):
            await client.list()


async def test_token_refused(gateway: Any) -> None:
    async with ClusterClient(gateway.site) as client:
        client._client.headers["Authorization"] = "jupyterhub no-such-token"
        with pytest.raises(NotAllowed):
            await client.list()
