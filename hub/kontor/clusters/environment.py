"""Commands and environment of schedulers and workers.

They run the interpreter of this installation, listen on loopback, serve no dashboard, and get no token of the hub:
only where their own token's file is. Nothing here is secret, so arguments may be read by anybody on the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kontor.data.environment import store_environment
from kontor.site import Site

LOOPBACK = "127.0.0.1"

SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--no-show"]
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker"]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLOSC_NTHREADS")


def worker_command(address: str, name: str, *, threads: int, memory: int, folder: Path) -> list[str]:
    """Start one worker: one process, which the gateway itself replaces if it dies."""
    return [
        *WORKER,
        address,
        "--name",
        name,
        "--nthreads",
        str(threads),
        "--memory-limit",
        str(memory),
        "--host",
        LOOPBACK,
        "--no-nanny",
        "--no-dashboard",
        "--dashboard-address",
        f"{LOOPBACK}:0",
        "--local-directory",
        str(folder),
        "--death-timeout",
        "60",
    ]


def quiet_dask() -> dict[str, str]:
    """Dask configuration of scheduler and workers: no pages, no numbers, nothing to read without the certificate."""
    return {
        "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
        "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
        **dict.fromkeys(_ONE_THREAD, "1"),
    }


def cluster_environment(site: Site, pilot: str, token_file: Path, home: Path) -> dict[str, str]:
    """What code on a cluster of `pilot` finds: the kontor service, the pilot, the object store and its key endpoint."""
    return {
        **store_environment(site, pilot, token_file),
        "HOME": str(home),
        "TMPDIR": str(home),
        **quiet_dask(),
    }
