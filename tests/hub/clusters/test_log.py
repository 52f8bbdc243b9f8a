"""The audit log is told of every cluster: who started it and who ended it, also when nobody did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.utils import timestamp
from sqlalchemy import text

from kontor.audit import proof, reading
from kontor.audit.reading import Wanted
from kontor.clusters.application import PilotGateway
from kontor.clusters.client import ClusterClient
from kontor.clusters.config import gateway_config
from kontor.clusters.log import account_of
from kontor.clusters.user import PilotUser
from kontor.database import engine_for, session_factory
from kontor.site import Site

ADA, BOB, EVE = ("u" + letter * 24 for letter in "abc")


def told(site: Site, cluster: str) -> list[tuple[str, str, str | None, object]]:
    """What the log says of a cluster, oldest first."""
    with session_factory(site.database_url)() as session:
        assert proof.verify(session).holds
        found = reversed(reading.entries(session, Wanted()))
        return [
            (one.action, one.actor, one.pilot, one.details.get("workers"))
            for one in found
            if one.details["cluster"] == cluster
        ]


@pytest.mark.parametrize(
    ("starter", "actor", "pilot"),
    [("bob-token", BOB, "three"), ("ws-token", "ws-one", "two")],
    ids=["person", "workspace"],
)
def test_from_a_notebook(gateway: Any, starter: str, actor: str, pilot: str) -> None:
    name = gateway.start(starter, pilot=pilot, workers=0)
    assert told(gateway.site, name) == [("cluster_started", actor, pilot, 0)]
    assert gateway.request("DELETE", f"/api/v1/clusters/{name}", starter).status_code == 204
    gateway.wait_for(lambda: len(told(gateway.site, name)) == 2, "the end is told")
    assert told(gateway.site, name)[1] == ("cluster_stopped", actor, pilot, None)


async def test_from_a_page(gateway: Any) -> None:
    async with ClusterClient(gateway.site) as clusters:
        name = await clusters.start("two", workers=1, started_by=EVE)
        await clusters.stop("two", name, asked_by=ADA)
    gateway.wait_for(lambda: len(told(gateway.site, name)) == 2, "the end is told")
    assert told(gateway.site, name) == [("cluster_started", EVE, "two", 1), ("cluster_stopped", ADA, "two", None)]


def test_nobody_stops_in_the_name_of_another(gateway: Any) -> None:
    """The header is the kontor service's; from anybody else it means nothing."""
    name = gateway.start("bob-token", pilot="three", workers=0)
    headers = {"Authorization": "jupyterhub bob-token", "Kontor-On-Behalf-Of": ADA}
    httpx.delete(f"{gateway.site.gateway_url}/api/v1/clusters/{name}", headers=headers, trust_env=False)
    gateway.wait_for(lambda: len(told(gateway.site, name)) == 2, "the end is told")
    assert told(gateway.site, name)[1][1] == BOB


def test_a_refused_start_is_not_told(gateway: Any) -> None:
    with session_factory(gateway.site.database_url)() as session:
        before = reading.count(session, Wanted())
    answer = gateway.request("POST", "/api/v1/clusters/", "eve-token", json={"cluster_options": {"pilot": "one"}})
    assert answer.status_code == 422
    with session_factory(gateway.site.database_url)() as session:
        assert reading.count(session, Wanted()) == before


def test_the_end_of_the_gateway_is_told(own_gateway: Any) -> None:
    name = own_gateway.start("ada-token", workers=0)
    own_gateway.wait_running("ada-token", name)
    own_gateway.process.terminate()
    assert own_gateway.process.wait(timeout=30) == 0
    assert told(own_gateway.site, name)[1] == ("cluster_stopped", "kontor", "one", None)


@pytest.fixture
async def backend(make_site: Callable[[], Site]) -> AsyncIterator[Any]:
    """A gateway's backend in this process."""
    gateway = PilotGateway(config=gateway_config(make_site()))
    gateway.initialize([])
    await gateway.backend.setup(gateway.app)
    yield gateway.backend
    await gateway.backend.cleanup()
    engine_for(gateway.backend.site.database_url).dispose()


async def test_age_is_nobody(backend: Any) -> None:
    name = await backend.start_cluster(PilotUser(ADA, ["pilot-one"]), {})
    await backend.end_clusters_started_before(timestamp() + 1)
    await backend.db.get_cluster(name).shutdown
    assert told(backend.site, name) == [("cluster_started", ADA, "one", 0), ("cluster_stopped", "kontor", "one", None)]


async def test_what_cannot_be_recorded_does_not_start(backend: Any) -> None:
    with engine_for(backend.site.database_url).begin() as connection:
        connection.execute(text("ALTER TABLE audit_head RENAME TO gone"))
    with pytest.raises(PublicException, match="could not be written to the log, so the cluster was not started"):
        await backend.start_cluster(PilotUser(ADA, ["pilot-one"]), {"workers": 2})
    (cluster,) = backend.db.name_to_cluster.values()
    await cluster.shutdown
    assert not cluster.is_active()
    assert backend.grants == {}
    assert cluster.state == {}, "no process was started"


async def test_what_cannot_be_recorded_still_stops(backend: Any) -> None:
    name = await backend.start_cluster(PilotUser(ADA, ["pilot-one"]), {})
    with engine_for(backend.site.database_url).begin() as connection:
        connection.execute(text("ALTER TABLE audit_head RENAME TO gone"))
    await backend.stop_cluster(name)
    await backend.db.get_cluster(name).shutdown
    assert not backend.db.get_cluster(name).is_active()


@pytest.mark.parametrize(
    ("name", "account"),
    [
        (ADA, ADA),
        ("ws-one", "ws-one"),
        ("service:lobby", "kontor"),
        ("", "kontor"),
        ("maja", "kontor"),
        ("\n", "kontor"),
    ],
)
def test_whose_account(name: str, account: str) -> None:
    assert account_of(name) == account
