"""What a lab is told: its environment and its arguments, as pure functions of the installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kontor.data.environment import store_environment
from kontor.site import Site


def lab_environment(site: Site, pilot: str | None, home: Path, runtime: Path, sockets: Path) -> dict[str, str]:
    """Environment of a lab beyond what JupyterHub sets.

    Parameters
    ----------
    home : Path
        The lab's files.
    runtime : Path
        Private folder of this lab for its token and temporary files.
    sockets : Path
        Private folder of this lab for its kernels' sockets.
    """
    return {
        **store_environment(site, pilot, runtime / "token"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "TMPDIR": str(runtime / "tmp"),
        "JUPYTER_RUNTIME_DIR": str(sockets),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONUNBUFFERED": "1",
        "TQDM_MININTERVAL": "2",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "DASK_GATEWAY__ADDRESS": site.gateway_url,
        "DASK_GATEWAY__PROXY_ADDRESS": site.gateway_proxy_url,
        "DASK_GATEWAY__PUBLIC_ADDRESS": site.gateway_url,
        "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
    }


def lab_arguments(kept: Path) -> list[str]:
    """Arguments of a lab: kernels over Unix sockets, and what it keeps for itself outside of people's files.

    Parameters
    ----------
    kept : Path
        Private folder of this lab that lasts: checkpoints, and the store of co-editing.
    """
    return [
        "--KernelManager.transport=ipc",
        "--KernelManager.shutdown_wait_time=2",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",
        "--FileContentsManager.delete_to_trash=False",
        "--LabApp.extension_manager=readonly",
        "--FileContentsManager.checkpoints_class=kontor_lab.checkpoints.CheckpointsElsewhere",
        f"--FileCheckpoints.checkpoint_dir={kept / 'checkpoints'}",
        f"--SQLiteYStore.db_path={kept / 'ystore.db'}",
        "--HubOAuth.cache_max_age=5",
    ]
