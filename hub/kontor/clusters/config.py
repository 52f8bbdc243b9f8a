"""From the installation to Dask Gateway's configuration."""

from __future__ import annotations

from traitlets.config import Config

from kontor import names
from kontor.clusters import environment
from kontor.clusters.authenticator import PilotAuthenticator
from kontor.clusters.backend import PilotBackend
from kontor.site import Site


def gateway_config(site: Site) -> Config:
    """Everything that the gateway must know; a pure function of the installation, and no secret in it.

    The proxy's token is made by the gateway at each start. Members' limits are the backend's, so that a wish beyond
    them is refused; the gateway's own per-cluster limits would silently cut it to size.
    """
    c, clusters = Config(), site.settings.clusters
    c.DaskGateway.address = f"{environment.LOOPBACK}:{site.ports.gateway}"
    c.DaskGateway.authenticator_class = PilotAuthenticator
    c.DaskGateway.backend_class = PilotBackend
    c.DaskGateway.log_level = site.settings.log_level.upper()
    c.DaskGateway.log_format = "%(asctime)s %(levelname)s %(message)s"

    c.PilotAuthenticator.jupyterhub_api_url = site.hub_api_url
    c.PilotAuthenticator.jupyterhub_service_name = names.GATEWAY_NAME
    c.PilotAuthenticator.cache_max_age = 0

    c.Proxy.address = f"{environment.LOOPBACK}:{site.ports.gateway_proxy}"
    c.Proxy.proxy_status_period = 5

    c.PilotBackend.site = site
    c.PilotBackend.api_url = f"{site.gateway_url}/api"
    c.PilotBackend.stop_clusters_on_shutdown = True
    c.PilotBackend.cluster_heartbeat_period = 1
    c.PilotBackend.cluster_heartbeat_timeout = 60.0
    c.PilotBackend.cluster_status_period = 2.0
    c.PilotBackend.worker_status_period = 2.0
    c.PilotBackend.cluster_start_timeout = 90.0
    c.PilotBackend.worker_start_timeout = 90.0

    c.ClusterConfig.scheduler_cmd = environment.SCHEDULER
    c.ClusterConfig.worker_cmd = environment.WORKER
    c.ClusterConfig.worker_threads = clusters.worker_threads
    c.ClusterConfig.worker_cores = clusters.worker_threads
    c.ClusterConfig.worker_memory = clusters.worker_memory
    c.ClusterConfig.idle_timeout = clusters.idle_minutes * 60.0
    return c
