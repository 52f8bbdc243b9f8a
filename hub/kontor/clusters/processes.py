"""Child processes that end with the gateway, however the gateway ends.

Each child leads its own process group, so that what it starts ends with it. The kernel kills a child when the
gateway is gone, even after `kill -9`; what survives of a child's own children is found by `end_leftovers` at the
next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

GRACE_SECONDS = 5.0
HEADROOM = 1024**3


class Children:
    """The running children, by process id."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.subprocess.Process] = {}

    async def start(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, memory: int
    ) -> int:
        """Start a child in `folder` with exactly `environment`; returns its process id.

        Must be called from the main thread: a child dies with the thread that started it.

        Parameters
        ----------
        log : Path
            New file, mode 0600, for what it prints.
        memory : int
            Bytes that it is meant to use. With 1 GiB more for code and stacks the kernel refuses it further memory.
        """
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                preexec_fn=_bind_to(os.getpid(), memory + HEADROOM),
            )
        finally:
            os.close(descriptor)
        self._running[child.pid] = child
        return child.pid

    def alive(self, pid: int | None) -> bool:
        """Whether a child of ours with this id runs."""
        child = self._running.get(pid or 0)
        return child is not None and child.returncode is None

    async def stop(self, pid: int) -> None:
        """Ask a child and all that it started to end, then make them."""
        child = self._running.pop(pid, None)
        if child is None:
            return
        _signal_group(pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), GRACE_SECONDS)
        _signal_group(pid, signal.SIGKILL)
        await child.wait()


def _bind_to(parent: int, memory: int) -> Callable[[], None]:
    """What a child does between fork and exec."""

    def bind() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    return bind


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def end_leftovers(mark: str) -> int:
    """Kill our processes whose environment holds the line `mark`; returns how many there were.

    `mark` must be unguessable (it holds a cluster's random name), so nothing else can be hit.
    """
    wanted, count = mark.encode(), 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                count += 1
    return count
