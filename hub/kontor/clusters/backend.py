"""Starts, scales and ends the clusters of pilots on this machine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.db_base import JobStatus
from dask_gateway_server.backends.local import UnsafeLocalBackend
from dask_gateway_server.utils import timestamp
from traitlets import Float, Instance, List

from kontor.clusters import environment
from kontor.clusters.budget import Budgets, most_wanted
from kontor.clusters.cluster_token import SECRET, ClusterClaim, sign
from kontor.clusters.folders import ClusterFolder
from kontor.clusters.limits import Limits
from kontor.clusters.log import ClusterLog
from kontor.clusters.options import options_for
from kontor.clusters.processes import Children, end_leftovers
from kontor.clusters.routes import PATH, list_reports, report
from kontor.clusters.user import PilotUser
from kontor.site import Site

_LOOPBACK_ADDRESS = re.compile(r"(tls|http)://127\.0\.0\.1:[0-9]{1,5}")
_HOUR = 3_600_000


class PilotBackend(UnsafeLocalBackend):  # type: ignore[misc]
    """Dask Gateway's local backend with the pilot as owner.

    Guarantees: a caller sees and starts clusters of their own pilots only; a cluster never has more workers than
    were granted to it, and the grants of a pilot's clusters never exceed its limit, whatever runs inside them; no
    cluster outlives its time or the gateway; its processes get no token but the cluster's own. State is in memory,
    because clusters end with the gateway.

    ("Unsafe" in the name of the base class means: processes run under the gateway's own account, as labs do.)
    """

    site = Instance(Site, help="The installation.", config=True)
    lifetime_check_period = Float(60, help="Seconds between looks for clusters that are too old.", config=True)

    default_host = environment.LOOPBACK
    inherited_environment = List(["PATH", "LANG", "LC_ALL", "TZ"], help="What processes get of our environment.")

    async def setup(self, app: web.Application) -> None:
        self.limits = Limits.of(self.site.settings.clusters)
        self.budgets = Budgets(self.site)
        self.grants: dict[str, int] = {}
        self.children = Children()
        self.told = ClusterLog(self.site)
        self.cluster_options = lambda user: options_for(user, self.limits)
        app.router.add_get(PATH, list_reports)
        await super().setup(app)

    async def do_setup(self) -> None:
        self._clear_leftovers()
        self.task_pool.spawn(self._end_old_clusters())

    async def cleanup(self) -> None:
        """End every cluster, then the proxy, and wait until it is gone."""
        await super().cleanup()
        if hasattr(self, "proxy") and (process := self.proxy.proxy_process):
            process.stdin.close()
            await asyncio.to_thread(process.wait, 5)

    def _clear_leftovers(self) -> None:
        """End what an earlier gateway that was killed left behind."""
        base = self.site.run / "clusters"
        for path in base.iterdir() if base.is_dir() else ():
            count = end_leftovers(f"DASK_GATEWAY_CLUSTER_NAME={path.name}")
            ClusterFolder(path).remove()
            self.log.warning("Removed what was left of cluster %s (%d processes)", path.name, count)

    # -- who sees what

    async def list_clusters(self, username: str | None = None, statuses: Any = None) -> list[Any]:
        """The clusters of the caller's pilots, whoever started them."""
        user: PilotUser | None = self.parent.authenticator.known(username)
        if user is None:
            return []
        return [one.to_model() for one in self.db.list_clusters(None, statuses) if user.has_permissions(one)]

    def reports(self, user: PilotUser) -> list[dict[str, Any]]:
        """What pages show of the clusters that `user` may see and that have not ended."""
        return [
            self._report(one)
            for one in self.db.name_to_cluster.values()
            if one.status < JobStatus.STOPPED and user.has_permissions(one)
        ]

    def _report(self, cluster: Any) -> dict[str, Any]:
        workers = sum(one.status == JobStatus.RUNNING and one.is_active() for one in cluster.workers.values())
        wanted = cluster.count if cluster.status >= JobStatus.RUNNING else cluster.options["workers"]
        return report(cluster, workers=workers, wanted=wanted, ends=cluster.start_time + self._lifetime)

    # -- starting

    async def start_cluster(self, user: PilotUser, cluster_options: dict[str, Any]) -> str:
        """Start a cluster of a pilot.

        Raises
        ------
        PublicException
            With a sentence, if the caller may not, the pilot has reached a limit, or it cannot be recorded.
        """
        options, config = await self.process_cluster_options(user, cluster_options)
        pilot, workers = options["pilot"], options["workers"]
        used_up = await self.budgets.refuse_cluster(pilot)
        running = [one.name for one in self._clusters_of(pilot)]
        refusal = (
            used_up
            or self.limits.refuse_cluster(pilot, running)
            or self.limits.refuse_workers(pilot, workers, self._granted(pilot))
        )
        if refusal:
            raise PublicException(refusal)
        options["started_by"] = options.get("started_by") or user.name
        cluster = self.db.create_cluster(user.name, options, config.to_dict())
        self.grants[cluster.name] = workers
        self.log.info("Cluster %s of pilot %s asked for by %s", cluster.name, pilot, options["started_by"])
        try:
            await self.told.started(cluster)
        except BaseException:
            self.db.update_cluster(cluster, target=JobStatus.FAILED)
            raise
        finally:
            self.queue.put(cluster)
        return str(cluster.name)

    async def _cluster_to_running(self, cluster: Any) -> None:
        """Once the scheduler answers, tell it how many workers the cluster begins with (they start already)."""
        await super()._cluster_to_running(cluster)
        if workers := cluster.options["workers"]:
            await super().forward_message_to_scheduler(cluster.to_model(), {"op": "scale", "count": workers})

    # -- scaling

    async def forward_message_to_scheduler(self, cluster: Any, msg: dict[str, Any]) -> None:
        """Pass on a wish for workers, after granting them or refusing with a sentence. Nothing is cut to size."""
        if cluster.status.name == "RUNNING":
            if refusal := await self.budgets.refuse_workers(cluster.options["pilot"], most_wanted(msg)):
                raise PublicException(refusal)
            if msg["op"] == "scale":
                self._grant(cluster, msg["count"])
            elif msg["op"] == "adapt":
                msg = self._grant_adaptive(cluster, msg)
        await super().forward_message_to_scheduler(cluster, msg)

    def _grant(self, cluster: Any, wanted: object) -> None:
        """Let a cluster have `wanted` workers, or raise PublicException."""
        pilot = cluster.options["pilot"]
        elsewhere = self._granted(pilot, besides=cluster.name)
        refusal = self.limits.refuse_number(wanted)
        if refusal is None and isinstance(wanted, int):
            refusal = self.limits.refuse_workers(pilot, wanted, elsewhere)
            self.grants[cluster.name] = self.grants.get(cluster.name, 0) if refusal else wanted
        if refusal:
            raise PublicException(refusal)

    def _grant_adaptive(self, cluster: Any, msg: dict[str, Any]) -> dict[str, Any]:
        """The message with a maximum: the one asked for, or all that the pilot has left if none was."""
        if msg.get("active") is not True:
            return {**msg, "active": False}
        left = self.limits.left(self._granted(cluster.options["pilot"], besides=cluster.name))
        minimum = 0 if msg["minimum"] is None else msg["minimum"]
        maximum = left if msg["maximum"] is None else msg["maximum"]
        for number in (minimum, maximum):
            if refusal := self.limits.refuse_number(number):
                raise PublicException(refusal)
        if minimum > maximum:
            raise PublicException(f"The smallest number of workers ({minimum}) is above the largest ({maximum}).")
        self._grant(cluster, maximum)
        return {**msg, "minimum": minimum, "maximum": maximum}

    def _clusters_of(self, pilot: str) -> list[Any]:
        return [one for one in self.db.active_clusters() if one.options["pilot"] == pilot]

    def _granted(self, pilot: str, *, besides: str = "") -> int:
        """Workers granted to the pilot's clusters, one of them left out."""
        return sum(self.grants.get(one.name, 0) for one in self._clusters_of(pilot) if one.name != besides)

    async def on_cluster_heartbeat(self, cluster_name: str, msg: dict[str, Any]) -> None:
        """What a scheduler says about itself. Members' code runs in it, so it is believed within limits only."""
        addresses = [msg.get("scheduler_address"), msg.get("api_address")]
        if not all(isinstance(one, str) and _LOOPBACK_ADDRESS.fullmatch(one) for one in addresses):
            raise PublicException("A scheduler must be on this machine.")
        if type(msg.get("count")) is not int:
            raise PublicException("A scheduler must say how many workers it wants.")
        cluster, granted, count = self.db.get_cluster(cluster_name), self.grants.get(cluster_name, 0), msg["count"]
        if cluster is not None and cluster.status < JobStatus.RUNNING:
            count = cluster.options["workers"]
        if count > granted:
            self.log.warning("Cluster %s wants %d workers, %d are granted", cluster_name, count, granted)
        believed = {**msg, "count": max(0, min(count, granted)), "dashboard_address": ""}
        await super().on_cluster_heartbeat(cluster_name, believed)

    # -- ending

    @property
    def _lifetime(self) -> int:
        """Milliseconds that a cluster may live."""
        return int(self.site.settings.clusters.lifetime_hours * _HOUR)

    async def _end_old_clusters(self) -> None:
        while True:
            await self.end_clusters_started_before(timestamp() - self._lifetime)
            await asyncio.sleep(self.lifetime_check_period)

    async def end_clusters_started_before(self, moment: int) -> None:
        """Stop the clusters that were started before `moment` (milliseconds since 1970)."""
        for cluster in list(self.db.active_clusters()):
            if cluster.start_time < moment:
                self.log.info("Cluster %s has reached its greatest age", cluster.name)
                await self.stop_cluster(cluster.name)

    async def stop_cluster(self, cluster_name: str, failed: bool = False) -> None:
        self.told.asked_to_stop(cluster_name)
        await super().stop_cluster(cluster_name, failed=failed)

    async def do_stop_cluster(self, cluster: Any) -> None:
        if (pid := cluster.state.get("pid")) is not None:
            await self.children.stop(pid)
        self._folder(cluster).remove()
        self.grants.pop(cluster.name, None)
        await self.told.stopped(cluster)

    # -- processes

    def _folder(self, cluster: Any) -> ClusterFolder:
        return ClusterFolder(self.site.run / "clusters" / cluster.name)

    def setup_working_directory(self, cluster: Any) -> str:
        folder = self._folder(cluster)
        claim = ClusterClaim(cluster.name, cluster.options["pilot"], cluster.options["started_by"], cluster.start_time)
        folder.make(
            token=sign(claim, self.site.secret(SECRET)),
            certificate=cluster.tls_cert.decode(),
            key=cluster.tls_key.decode(),
        )
        return str(folder.path)

    def get_tls_paths(self, cluster: Any) -> tuple[str, str]:
        folder = self._folder(cluster)
        return str(folder.certificate), str(folder.key)

    def get_env(self, cluster: Any) -> dict[str, str]:
        folder, pilot = self._folder(cluster), cluster.options["pilot"]
        return {
            **super().get_env(cluster),
            "USER": f"ws-{pilot}",
            **environment.cluster_environment(self.site, pilot, folder.token, folder.home),
        }

    def get_worker_env(self, cluster: Any) -> dict[str, str]:
        """A worker's environment; unlike the scheduler it has nothing to say to the gateway."""
        env: dict[str, str] = super().get_worker_env(cluster)
        del env["DASK_GATEWAY_API_TOKEN"], env["DASK_GATEWAY_API_URL"]
        return env

    def get_worker_command(self, cluster: Any, worker_name: str, scheduler_address: str | None = None) -> list[str]:
        config = cluster.config
        return environment.worker_command(
            scheduler_address or cluster.scheduler_address,
            worker_name,
            threads=config.worker_threads,
            memory=config.worker_memory,
            folder=self._folder(cluster).home,
        )

    async def start_process(self, cluster: Any, cmd: Sequence[str], env: dict[str, str], name: str) -> int:
        folder = self._folder(cluster)
        memory = cluster.config.scheduler_memory if name == "scheduler" else cluster.config.worker_memory
        return await self.children.start(cmd, environment=env, folder=folder.home, log=folder.log(name), memory=memory)

    async def stop_process(self, pid: int) -> None:
        await self.children.stop(pid)

    async def do_check_clusters(self, clusters: list[Any]) -> list[bool]:
        return [self._check(one.state, one, "scheduler") for one in clusters]

    async def do_check_workers(self, workers: list[Any]) -> list[bool]:
        return [self._check(one.state, one.cluster, f"worker-{one.name}") for one in workers]

    def _check(self, state: dict[str, Any], cluster: Any, process: str) -> bool:
        """Whether a process that was started still runs; if not, its last words go to the gateway's log."""
        if self.children.alive(state.get("pid")):
            return True
        last_words = self._folder(cluster).tail(process)
        self.log.error("%s of cluster %s ended by itself:\n%s", process, cluster.name, last_words)
        return False
