"""A supervised tree of processes.

A *part* is one process with a check that tells when it answers. The supervisor starts parts, writes what they say
to a log file each, starts a part again when it dies (at once, then with growing pauses), and ends them all in
reverse order. A part that the supervisor cannot end any more, because it was itself killed, is told to end by the
kernel (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kontor.errors import KontorError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY = 60.0
LOG_LIMIT = 10_000_000


@dataclass(frozen=True)
class Part:
    """One process of the tree.

    Parameters
    ----------
    name : str
        Also the name of its log file.
    command : sequence of str
        Never holds a secret: argument lists are visible to everybody.
    answers : callable
        Whether it answers; must not raise.
    environment : mapping
        Added to the environment of the supervisor.
    folder : Path, optional
        Where it runs.
    patience : float
        Seconds that it may take to answer, and to end.
    """

    name: str
    command: Sequence[str]
    answers: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str]
    folder: Path | None = None
    patience: float = 60.0


class Supervisor:
    """Keeps parts running until told to stop.

    Parameters
    ----------
    logs : Path
        Folder of the log files.
    say : callable
        Called with a sentence when a part died and was started again.
    """

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = False

    def pid(self, name: str) -> int | None:
        """Process id of a running part."""
        process = self._processes.get(name)
        return process.pid if process and process.returncode is None else None

    async def start(self, part: Part) -> None:
        """Start a part and keep it running; returns when it answers.

        Raises
        ------
        KontorError
            If it does not answer in time; with the end of its log.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        rotate(self._logs / f"{part.name}.log")
        await self._launch(part)
        self._keepers[part.name] = asyncio.create_task(self._keep(part), name=f"keep {part.name}")
        await self.until_answers(part)

    async def until_answers(self, part: Part) -> None:
        """Wait until a part answers."""
        deadline = time.monotonic() + part.patience
        while not await part.answers():
            if time.monotonic() > deadline:
                raise KontorError(
                    f"{part.name} does not answer after {part.patience:.0f} seconds. The end of "
                    f"{self._logs / (part.name + '.log')}:\n{tail(self._logs / (part.name + '.log'))}",
                    code="part_down",
                )
            await asyncio.sleep(0.05)

    async def _launch(self, part: Part) -> None:
        with open(self._logs / f"{part.name}.log", "ab") as log:
            try:
                self._processes[part.name] = await asyncio.create_subprocess_exec(
                    *part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=part.folder,
                    env={**os.environ, **part.environment},
                    start_new_session=True,
                    preexec_fn=_end_with_parent,
                )
            except FileNotFoundError:
                raise KontorError(
                    f"The program {part.command[0]} is missing, so {part.name} cannot start. "
                    "Remove the folder .venv and run `make setup`.",
                    code="missing_program",
                ) from None

    async def _keep(self, part: Part) -> None:
        """Start the part again whenever it ends."""
        failures = 0
        while not self._stopping:
            started = time.monotonic()
            code = await self._processes[part.name].wait()
            if self._stopping:
                return
            failures = 0 if time.monotonic() - started > STEADY else failures + 1
            pause = PAUSES[min(failures, len(PAUSES) - 1)] if failures > 1 else 0.0
            self._say(f"{part.name} ended ({_how(code)}); starting it again" + (f" in {pause:g} s" if pause else ""))
            await asyncio.sleep(pause)
            if not self._stopping:
                await self._launch(part)

    async def stop(self, order: Sequence[str]) -> None:
        """End the parts one after another; first politely, then not."""
        self._stopping = True
        for keeper in self._keepers.values():
            keeper.cancel()
        for name in order:
            process = self._processes.get(name)
            if process is not None:
                await end(process, patience=25.0)


async def end(process: asyncio.subprocess.Process, *, patience: float) -> None:
    """End a process that leads its own session: SIGTERM, and SIGKILL to its group when patience is over."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def rotate(path: Path) -> None:
    """Put a log file that has grown large aside, keeping one old one."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(it wrote nothing)"
