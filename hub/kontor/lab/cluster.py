"""`kontor.connect_cluster`: the notebook's way onto the pilot's Dask cluster.

A cluster belongs to the pilot, not to the notebook: it is shared by the members, and it goes on when the notebook
ends, until someone stops it or it has been idle for long.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from kontor.errors import KontorError, NotAllowed, NotFound, Unavailable
from kontor.lab import catalogue
from kontor.names import check_slug

START_TIMEOUT = 120.0
NEW_CLUSTER_WORKERS = 2


def connect_cluster(name: str | None = None, workers: int | None = None, *, pilot: str | None = None) -> Any:
    """Connect this notebook to the pilot's Dask cluster, starting one if there is none.

    From then on everything that xarray and Dask compute in this notebook is computed there.

    Parameters
    ----------
    name : str, optional
        Name of a running cluster. Without it the pilot's running cluster is taken, or a new one is started.
    workers : int, optional
        How many workers it shall have at least; one that has more keeps them. Without it a new cluster gets two, and
        one that is there stays as it is.
    pilot : str, optional
        Whose cluster; in a workspace it is the workspace's pilot, in your own lab with one pilot that one.

    Returns
    -------
    distributed.Client
        Its `cluster` is the cluster: ``client.cluster.scale(4)``, ``client.cluster.shutdown()``.

    Raises
    ------
    KontorError
        With a sentence: you may not run clusters here, the pilot's share is used up, no such cluster, the clusters'
        service does not answer.
    """
    if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
        raise KontorError(f"workers={workers!r} is not possible. Ask for 1 or more.")
    if not os.environ.get("DASK_GATEWAY__ADDRESS"):
        raise Unavailable(
            "This Python does not run inside Kontor, so there is no pilot's cluster to connect to. Open the notebook "
            "in a lab or workspace of Kontor."
        )
    slug = _pilot(pilot)
    gateway = _gateway()
    try:
        cluster = _cluster(gateway, slug, name, workers or NEW_CLUSTER_WORKERS)
        client = cluster.get_client()
        _bring_workers(cluster, client, workers or 1)
    except KontorError:
        raise
    except Exception as error:  # the gateway's client raises ValueError, its own and transport errors
        raise _sentence(error) from None
    return client


def _pilot(given: str | None) -> str:
    own = os.environ.get("KONTOR_PILOT")
    if given is not None:
        return check_slug(given)
    if own:
        return own
    pilots = catalogue.my_pilots()
    if len(pilots) == 1:
        return pilots[0]
    if not pilots:
        raise NotAllowed("You are in no pilot yet, and clusters belong to pilots. Ask a pilot's lead to add you.")
    raise KontorError(
        f"Which pilot's cluster? Write for example kontor.connect_cluster(pilot='{pilots[0]}'). "
        f"Your pilots are: {', '.join(pilots)}."
    )


@cache
def _gateway() -> Any:
    """The gateway's client, one for as long as Python runs: it complains in the notebook when it is thrown away."""
    from dask_gateway import Gateway

    try:
        return Gateway()
    except Exception as error:
        raise _sentence(error) from None


def _cluster(gateway: Any, pilot: str, name: str | None, workers: int) -> Any:
    there = [one for one in gateway.list_clusters() if one.options.get("pilot") == pilot]
    if name is not None:
        if name not in {one.name for one in there}:
            raise NotFound(f"The pilot '{pilot}' has no running cluster '{name}'. Leave the name out to get one.")
        _say(f"Connecting to the cluster {name} of {pilot} ...")
        return gateway.connect(name)
    if there:
        _say(f"Connecting to the cluster that {pilot} already has ...")
        return gateway.connect(sorted(there, key=lambda one: one.start_time)[0].name)
    _say(f"Starting a cluster for {pilot} ...")
    return gateway.connect(gateway.submit(pilot=pilot, workers=workers))


def _bring_workers(cluster: Any, client: Any, workers: int) -> None:
    running = len(client.scheduler_info(n_workers=-1)["workers"])
    if running < workers:
        cluster.scale(workers)
        _say(f"Waiting for {workers} workers ..." if workers > 1 else "Waiting for a worker ...")
        try:
            client.wait_for_workers(workers, timeout=START_TIMEOUT)
        except TimeoutError:
            running = len(client.scheduler_info(n_workers=-1)["workers"])
            if running == 0:
                client.close()
                raise Unavailable(
                    f"The cluster started, but no worker came within {START_TIMEOUT:.0f} s. The machine may be full: "
                    "stop clusters that nobody uses, or try again later."
                ) from None
    running = len(client.scheduler_info(n_workers=-1)["workers"])
    _say(f"Connected: {running} worker{'s' if running != 1 else ''} ready.")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _sentence(error: BaseException) -> KontorError:
    """The gateway's refusal as a sentence; its own texts for people are kept as they are."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else ""
    kind = type(error).__name__
    if isinstance(error, ValueError) and text:
        return NotAllowed(text, code="refused_by_gateway")
    if kind == "GatewayClusterError":
        return Unavailable(text or "The cluster could not be started. Try again; if it stays so, tell who runs Kontor.")
    if "403" in text or "Forbidden" in text or "401" in text or "Unauthorized" in text:
        return NotAllowed("You may not run clusters here: your role in the pilot does not include it. Ask its lead.")
    return Unavailable(
        "The clusters' service does not answer. Wait a minute and try again; if it stays so, tell who runs Kontor."
        + (f" ({kind}: {text[:120]})" if text else "")
    )
