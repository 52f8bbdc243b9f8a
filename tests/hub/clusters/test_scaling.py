"""Numbers of workers: granted or refused in words, never cut to size, and never more than granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def second(gateway: Any, shared: str) -> Iterator[str]:
    """The second and last cluster that pilot `one` may have, started through the service on behalf of bob."""
    bob = gateway.hub.people["bob-token"]["name"]
    name = gateway.start("lobby-token", pilot="one", started_by=bob)
    assert gateway.wait_running("bob-token", name)["started_by"] == bob
    yield name
    gateway.request("DELETE", f"/api/v1/clusters/{name}", "bob-token")
    gateway.wait_for(lambda: name not in {one["name"] for one in gateway.clusters("bob-token")}, "stopped")


def scale(gateway: Any, name: str, count: object) -> tuple[int, str]:
    answer = gateway.request("POST", f"/api/v1/clusters/{name}/scale", "ada-token", json={"count": count})
    return answer.status_code, answer.text


def test_a_third_cluster_is_refused(gateway: Any, second: str) -> None:
    with (
        gateway.client("ada-token") as notebook,
        pytest.raises(
            ValueError, match=r"The pilot one already runs 2 clusters, as many as it may\. Use one of them, or stop one"
        ),
    ):
        notebook.submit(pilot="one")


@pytest.mark.parametrize(
    ("count", "status", "says"),
    [
        pytest.param(2, 409, "its other clusters have 2 of them. Ask for at most 1 here", id="over the pilot's limit"),
        pytest.param(4, 409, "at most 3 workers at once; 4 is too many", id="over any limit"),
        pytest.param(10**9, 409, "is too many", id="absurd"),
        pytest.param(-1, 422, "non-negative", id="negative"),
        pytest.param(1.5, 422, "non-negative integer", id="fraction"),
        pytest.param("2", 422, "non-negative integer", id="text"),
        pytest.param(None, 422, "non-negative integer", id="nothing"),
        pytest.param(True, 409, "True is not", id="bool"),
    ],
)
def test_refused(gateway: Any, second: str, count: object, status: int, says: str) -> None:
    got, text = scale(gateway, second, count)
    assert got == status
    assert says in text
    assert {one["wanted"] for one in gateway.clusters("ada-token")} == {0, 2}


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        pytest.param({"minimum": 0, "maximum": 2}, "at most 1 here", id="over the pilot's limit"),
        pytest.param({"minimum": -1, "maximum": 1}, "-1 is not", id="negative"),
        pytest.param({"minimum": 1, "maximum": 0}, "is above the largest", id="upside down"),
        pytest.param({"minimum": "0", "maximum": 1}, "'0' is not", id="text"),
        pytest.param({"maximum": 10**9}, "is too many", id="absurd"),
    ],
)
def test_adaptive_refused(gateway: Any, second: str, wish: dict[str, Any], says: str) -> None:
    answer = gateway.request("POST", f"/api/v1/clusters/{second}/adapt", "ada-token", json=wish)
    assert answer.status_code == 409
    assert says in answer.text


def test_the_refusal_reaches_the_notebook(gateway: Any, second: str) -> None:
    with gateway.client("ada-token") as notebook, pytest.raises(Exception, match="Ask for at most 1 here"):
        notebook.scale_cluster(second, 3)


def test_up_to_the_limit_and_down(gateway: Any, second: str) -> None:
    assert scale(gateway, second, 1)[0] == 200
    gateway.wait_running("ada-token", second, workers=1)
    assert scale(gateway, second, 0)[0] == 200
    gateway.wait_for(lambda: gateway.clusters("ada-token")[1]["workers"] == 0, "worker gone")


def test_a_scheduler_cannot_take_more_than_granted(gateway: Any, second: str) -> None:
    """A member's code runs in the scheduler; there it can wish for what it likes."""
    with gateway.client("bob-token") as notebook, notebook.connect(second) as cluster, cluster.get_client() as client:

        def take(dask_scheduler: Any) -> None:
            dask_scheduler.services["gateway"].count = 50

        client.run_on_scheduler(take)
    gateway.wait_for(lambda: f"{second} wants 50 workers, 0 are granted" in gateway.log(), "heartbeat")
    (one,) = (one for one in gateway.clusters("bob-token") if one["name"] == second)
    assert one["wanted"] == one["workers"] == 0
    assert scale(gateway, second, 0)[0] == 200


def test_a_scheduler_elsewhere_is_not_believed(gateway: Any, second: str) -> None:
    """Nothing can make the gateway send traffic to another machine: a scheduler's own words are checked."""
    with gateway.client("bob-token") as notebook, notebook.connect(second) as cluster, cluster.get_client() as client:
        token = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.services["gateway"].gateway.token)
    words = {
        "scheduler_address": "tls://192.0.2.1:1",
        "api_address": "http://192.0.2.1",
        "dashboard_address": "",
        "count": 0,
        "active_workers": [],
        "closing_workers": [],
        "closed_workers": [],
    }
    answer = gateway.request("POST", f"/api/v1/clusters/{second}/heartbeat", token, scheme="token", json=words)
    assert answer.status_code == 409
    assert "must be on this machine" in answer.text


def test_a_dead_worker_is_replaced(gateway: Any, shared: str) -> None:
    workers = [one for one in gateway.processes() if "distributed.cli.dask_worker" in one.cmdline()]
    before = {one.pid for one in workers}
    workers[0].kill()

    def replaced() -> bool:
        now = {one.pid for one in gateway.processes() if "distributed.cli.dask_worker" in one.cmdline()}
        return len(now) == 2 and now != before

    gateway.wait_for(replaced, "another worker in its place")
    gateway.wait_running("ada-token", shared, workers=2)
