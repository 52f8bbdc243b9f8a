"""The gateway's configuration is a pure function of the installation."""

from __future__ import annotations

from collections.abc import Callable

from kontor.clusters.config import gateway_config
from kontor.site import Site


def test_everything_listens_on_loopback(make_site: Callable[[], Site]) -> None:
    site = make_site()
    c = gateway_config(site)
    assert c.DaskGateway.address == f"127.0.0.1:{site.ports.gateway}"
    assert c.Proxy.address == f"127.0.0.1:{site.ports.gateway_proxy}"
    assert c.PilotBackend.api_url == f"http://127.0.0.1:{site.ports.gateway}/api"
    assert "tcp_address" not in c.Proxy


def test_no_secret_in_it(make_site: Callable[[], Site]) -> None:
    site = make_site()
    text = repr(gateway_config(site))
    for name in ("cluster-signing-key", "gateway-token", "service-token"):
        assert site.secret(name) not in text


def test_settings_arrive(make_site: Callable[[], Site]) -> None:
    c = gateway_config(make_site())
    assert c.ClusterConfig.worker_memory == "1 G"
    assert c.ClusterConfig.worker_threads == c.ClusterConfig.worker_cores == 1
    assert c.ClusterConfig.idle_timeout == 1800
    assert c.PilotAuthenticator.cache_max_age == 0
    assert c.PilotAuthenticator.jupyterhub_service_name == "gateway"


def test_commands_are_modules_of_this_interpreter(make_site: Callable[[], Site]) -> None:
    c = gateway_config(make_site())
    for command in (c.ClusterConfig.scheduler_cmd, c.ClusterConfig.worker_cmd):
        assert command[1] == "-m"
        assert command[2].startswith("distributed.cli.")


def test_nothing_is_cut_to_size(make_site: Callable[[], Site]) -> None:
    """With a limit of its own, Dask Gateway would scale to it silently instead of refusing."""
    c = gateway_config(make_site())
    assert not {"cluster_max_workers", "cluster_max_cores", "cluster_max_memory"} & set(c.ClusterConfig)
