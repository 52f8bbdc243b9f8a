"""A pilot's clusters belong to its members and to nobody else, on a real gateway."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

NAME = "{name}"
PAGES = ("status", "info/main/workers.html", "json/counts.json", "metrics", "api/v1/get_workers")


@pytest.mark.parametrize("token", [None, "no-such-token", "narrow-token", "other-service-token"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/options", None),
        ("GET", "/api/v1/clusters/", None),
        ("GET", "/api/kontor/clusters", None),
        ("POST", "/api/v1/clusters/", {"cluster_options": {"pilot": "one"}}),
        ("GET", f"/api/v1/clusters/{NAME}", None),
        ("POST", f"/api/v1/clusters/{NAME}/scale", {"count": 1}),
        ("POST", f"/api/v1/clusters/{NAME}/adapt", {"minimum": 0, "maximum": 1}),
        ("DELETE", f"/api/v1/clusters/{NAME}", None),
        ("POST", f"/api/v1/clusters/{NAME}/heartbeat", {}),
        ("GET", "/api/v1/routes", None),
    ],
)
def test_nobody(gateway: Any, shared: str, token: str | None, method: str, path: str, body: Any) -> None:
    answer = gateway.request(method, path.format(name=shared), token, json=body)
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/v1/clusters/{NAME}", None),
        ("POST", f"/api/v1/clusters/{NAME}/scale", {"count": 1}),
        ("POST", f"/api/v1/clusters/{NAME}/adapt", {"minimum": 0, "maximum": 1}),
        ("DELETE", f"/api/v1/clusters/{NAME}", None),
        ("GET", "/api/kontor/clusters?pilot=one", None),
    ],
)
@pytest.mark.parametrize("token", ["eve-token", "nils-token"])
def test_strangers(gateway: Any, shared: str, token: str, method: str, path: str, body: Any) -> None:
    """Eve is in another pilot (and an administrator of the hub), nils in none."""
    answer = gateway.request(method, path.format(name=shared), token, json=body)
    assert answer.status_code == 403, answer.text
    assert gateway.clusters("ada-token")[0]["status"] == "running"


@pytest.mark.parametrize("token", ["eve-token", "nils-token"])
def test_strangers_list_nothing(gateway: Any, shared: str, token: str) -> None:
    assert gateway.request("GET", "/api/v1/clusters/", token).json() == {}
    assert gateway.clusters(token) == []


def test_a_foreign_pilot_is_refused_in_words(gateway: Any) -> None:
    with (
        gateway.client("eve-token") as notebook,
        pytest.raises(ValueError, match=r"You may not run clusters of the pilot 'one'\. Yours are: two\."),
    ):
        notebook.submit(pilot="one")


def test_members_compute_on_the_same_cluster(gateway: Any, shared: str) -> None:
    """Also the pilot's workspace, which runs under an account of its own."""
    for token, number in (("ada-token", 20), ("bob-token", 21), ("ws-token", 22)):
        with gateway.client(token) as notebook:
            assert [one.name for one in notebook.list_clusters()] == [shared]
            with notebook.connect(shared) as cluster, cluster.get_client() as client:
                assert client.submit(lambda x: 2 * x, number).result(timeout=20) == 2 * number


def test_the_service_sees_every_pilot(gateway: Any, shared: str) -> None:
    (one,) = (one for one in gateway.clusters("lobby-token") if one["name"] == shared)
    assert one["pilot"] == "one"
    assert one["started_by"] == gateway.hub.people["ada-token"]["name"]
    assert one["workers"] == one["wanted"] == 2
    assert one["ends_at"] - one["started_at"] == 12 * 3600 * 1000


def test_leaving_the_pilot_ends_access(gateway: Any, shared: str) -> None:
    """What the hub says at this moment counts, also for a connection that was let in before."""
    gateway.hub.user("gone-token", "u" + "g" * 24, ["one"])
    with httpx.Client(base_url=gateway.site.gateway_url, trust_env=False) as notebook:
        header = {"Authorization": "jupyterhub gone-token"}
        assert notebook.get(f"/api/v1/clusters/{shared}", headers=header).status_code == 200
        assert notebook.get(f"/api/v1/clusters/{shared}").status_code == 401
        gateway.hub.user("gone-token", "u" + "g" * 24, [])
        assert notebook.get(f"/api/v1/clusters/{shared}", headers=header).status_code == 403
        assert gateway.clusters("gone-token") == []


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        pytest.param({"Authorization": "jupyterhub"}, b"{}", id="scheme only"),
        pytest.param({"Authorization": "x"}, b"{}", id="no scheme"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b"", id="no body"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b"[1]", id="a list"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b"{", id="no JSON"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b"\xff", id="no text"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b"[" * 100_000, id="deep"),
        pytest.param({"Authorization": "jupyterhub ada-token"}, b'{"count": %s}' % (b"9" * 5000), id="endless number"),
    ],
)
def test_malformed(gateway: Any, shared: str, headers: dict[str, str], content: bytes) -> None:
    url = f"{gateway.site.gateway_url}/api/v1/clusters/{shared}/scale"
    answer = httpx.post(url, headers=headers, content=content, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_dashboards_are_not_published(gateway: Any, shared: str) -> None:
    """Neither through the gateway's two ports nor on the ports of schedulers and workers themselves."""
    for port in (gateway.site.ports.gateway, gateway.site.ports.gateway_proxy):
        for path in ("status", "info/main/workers.html", "json/counts.json", "metrics"):
            url = f"http://127.0.0.1:{port}/clusters/{shared}/{path}"
            assert httpx.get(url, trust_env=False).status_code == 404, url
    with gateway.client("ada-token") as notebook:
        assert notebook.get_cluster(shared).dashboard_link is None
    pages = [_pages(port) for process in gateway.processes() for port in _listening(process)]
    assert pages
    assert not any(pages)


def _listening(process: Any) -> list[int]:
    connections = process.net_connections(kind="tcp")
    assert all(one.laddr.ip == "127.0.0.1" for one in connections if one.status == "LISTEN")
    return [one.laddr.port for one in connections if one.status == "LISTEN"]


def _pages(port: int) -> list[str]:
    """What a neighbour on this machine can read there without the cluster's certificate."""
    found = []
    for path in PAGES:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/{path}", trust_env=False, timeout=5)
        except httpx.HTTPError:
            continue
        if answer.status_code != 404:
            found.append(path)
    return found
