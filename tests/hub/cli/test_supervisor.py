"""The supervisor with real processes: start, die, start again, end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from kontor.cli.health import port_answers
from kontor.cli.supervisor import Part, Supervisor, rotate
from kontor.errors import KontorError
from kontor.site import free_ports

SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()[0].close()
"""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def said() -> list[str]:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, said: list[str]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", said.append)
    yield supervisor
    await supervisor.stop(["server"])


def server(code: str = SERVER) -> Part:
    (port,) = free_ports(1)
    return Part("server", [sys.executable, "-c", code, str(port)], lambda: port_answers(port), {}, patience=20)


async def test_a_part_that_dies_is_started_again(supervisor: Supervisor, said: list[str]) -> None:
    part = server()
    await supervisor.start(part)
    first = supervisor.pid("server")
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pid("server") not in (None, first))
    await until(part.answers)
    assert said == ["server ended (signal SIGKILL); starting it again"]


async def test_stop_ends_the_part_and_what_it_started(supervisor: Supervisor) -> None:
    part = server("import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)\n" + SERVER)
    await supervisor.start(part)
    pid = supervisor.pid("server")
    assert pid
    family = [psutil.Process(pid), *psutil.Process(pid).children()]
    assert len(family) == 2
    await supervisor.stop(["server"])
    await until(lambda: not any(_alive(process) for process in family))


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def test_a_part_that_does_not_answer_shows_the_end_of_its_log(supervisor: Supervisor) -> None:
    async def never() -> bool:
        return False

    part = Part("server", [sys.executable, "-c", "print('no licence'); input()"], never, {}, patience=1)
    with pytest.raises(KontorError, match="server does not answer after 1 seconds"):
        await supervisor.start(part)


async def test_a_missing_program_is_named(supervisor: Supervisor) -> None:
    part = Part("server", ["/nonexistent/weed"], lambda: port_answers(1), {})
    with pytest.raises(KontorError, match=r"/nonexistent/weed is missing.*make setup"):
        await supervisor.start(part)


async def test_parts_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    program = f"""
import asyncio, sys
from pathlib import Path
from kontor.cli.health import port_answers
from kontor.cli.supervisor import Part, Supervisor
async def main():
    part = Part("server", [sys.executable, "-c", {SERVER!r}, "{port}"], lambda: port_answers({port}), {{}})
    await Supervisor(Path({str(tmp_path)!r}), print).start(part)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    try:
        await until(lambda: port_answers(port))
    finally:
        process.kill()
        await process.wait()

    async def gone() -> bool:
        return not await port_answers(port)

    await until(gone)


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_bytes(b"x" * 10_000_001)
    rotate(log)
    assert not log.exists()
    assert (tmp_path / "hub.log.1").stat().st_size == 10_000_001
