"""What code on a cluster finds, and what a neighbour on the machine can see of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kontor.clusters.cluster_token import ClusterClaim, read


@pytest.fixture(scope="module")
def environments(gateway: Any, shared: str) -> list[dict[str, str]]:
    """Of the scheduler and the workers, as Python sees them."""
    with gateway.client("ada-token") as notebook, notebook.connect(shared) as cluster, cluster.get_client() as client:
        workers = client.run(lambda: dict(__import__("os").environ))
        scheduler = client.run_on_scheduler(lambda: dict(__import__("os").environ))
    return [scheduler, *workers.values()]


def test_what_the_contract_says(gateway: Any, shared: str, environments: list[dict[str, str]]) -> None:
    site = gateway.site
    token = str(site.run / "clusters" / shared / "token")
    expected = {
        "KONTOR_API": f"http://127.0.0.1:{site.ports.service}/services/lobby/api",
        "KONTOR_PUBLIC": site.service_public_url,
        "KONTOR_PILOT": "one",
        "KONTOR_TOKEN_FILE": token,
        "AWS_ENDPOINT_URL": site.store_url,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{site.ports.service}/services/lobby/api/store/credentials/one",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
    }
    assert len(environments) == 3
    for environment in environments:
        assert {name: environment.get(name) for name in expected} == expected


def test_no_token_of_the_hub_in_it(gateway: Any, environments: list[dict[str, str]]) -> None:
    for environment in environments:
        assert not [name for name in environment if name.startswith(("JUPYTERHUB", "DASK_GATEWAY_PROXY"))]
        assert "a-hub-token-that-must-not-spread" not in str(environment)
        assert not secrets(gateway) & set(environment.values())
    for worker in environments[1:]:
        assert "DASK_GATEWAY_API_TOKEN" not in worker


def test_no_secret_in_arguments(gateway: Any, shared: str) -> None:
    """What `ps` shows of the gateway, its proxy, schedulers and workers."""
    import psutil

    own = psutil.Process(gateway.process.pid)
    commands = [" ".join(one.cmdline()) for one in [own, *own.children(recursive=True)]]
    assert len(commands) >= 5
    for command in commands:
        assert not [secret for secret in secrets(gateway) if secret in command]
        assert "PRIVATE KEY" not in command


def secrets(gateway: Any) -> set[str]:
    site = gateway.site
    tokens = {path.read_text() for path in (site.run / "clusters").glob("*/token")}
    return {site.secret("cluster-signing-key"), site.secret("gateway-token"), "ada-token", "lobby-token", *tokens}


def test_the_token_says_whose_cluster_it_is(gateway: Any, shared: str, environments: list[dict[str, str]]) -> None:
    token = Path(environments[1]["KONTOR_TOKEN_FILE"]).read_text()
    claim = read(token, gateway.site.secret("cluster-signing-key"), lifetime=timedelta(hours=12))
    (known,) = (one for one in gateway.clusters("ada-token") if one["name"] == shared)
    assert claim == ClusterClaim(shared, "one", gateway.hub.people["ada-token"]["name"], known["started_at"])


def test_folders_are_private(gateway: Any, shared: str) -> None:
    folder = gateway.site.run / "clusters" / shared
    assert (folder / "token").stat().st_mode & 0o777 == 0o400
    for path in (folder.parent, folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_home_and_temporary_files_are_the_clusters_own(
    gateway: Any, shared: str, environments: list[dict[str, str]]
) -> None:
    home = str(gateway.site.run / "clusters" / shared / "home")
    assert {one[name] for one in environments for name in ("HOME", "TMPDIR")} == {home}


def test_too_much_memory_is_refused_not_taken(gateway: Any, shared: str) -> None:
    """A worker may have 1 GiB; asking for eight fails in the task and leaves worker and machine alone."""
    with gateway.client("ada-token") as notebook, notebook.connect(shared) as cluster, cluster.get_client() as client:
        task = client.submit(lambda: len(bytearray(8 * 1024**3)), pure=False)
        with pytest.raises(MemoryError):
            task.result(timeout=20)
        assert client.submit(lambda: 1, pure=False).result(timeout=20) == 1
