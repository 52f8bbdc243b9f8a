"""`kontor up`: the whole lab on one machine as one supervised tree."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from kontor.cli.parts import all_parts, check_programs
from kontor.cli.state import check_port, clear_run, held, prepare, refuse_running
from kontor.cli.supervisor import Part, Supervisor, end, tail
from kontor.cli.welcome import welcome
from kontor.data import objectstore
from kontor.database import session_factory, upgrade
from kontor.errors import KontorError
from kontor.pilots import demo
from kontor.settings import Settings
from kontor.site import Site


def run(state: Path, settings_file: Path | None, port: int | None) -> None:
    """Run until SIGINT or SIGTERM.

    Raises
    ------
    KontorError
        If something is missing, taken or does not start; everything that was started is ended then.
    """
    settings = _settings(state, settings_file, port)
    refuse_running(state)
    check_port(settings.server.address, settings.server.port)
    check_programs()
    with held(state):
        site = prepare(state, settings)
        try:
            upgrade(site.database_url)
            if settings.demo.enabled:
                with session_factory(site.database_url)() as session, session.begin():
                    demo.seed(session)
            asyncio.run(_supervise(site))
        finally:
            clear_run(site)


def _settings(state: Path, settings_file: Path | None, port: int | None) -> Settings:
    if settings_file is None and (state / "kontor.toml").exists():
        settings_file = state / "kontor.toml"
    settings = Settings.load(settings_file)
    if port is None:
        return settings
    server = {**settings.server.model_dump(), "port": port}
    return Settings.parse({**settings.model_dump(), "server": server}, source="--port")


def say(sentence: str) -> None:
    """One line for the person at the terminal."""
    print(sentence, flush=True)


async def _supervise(site: Site) -> None:
    started = time.monotonic()
    parts = all_parts(site)
    supervisor = Supervisor(site.logs, lambda sentence: say(f"kontor: {sentence}"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    order = [part.name for part in reversed(parts)]
    try:
        if await _unless(stop, _start(site, supervisor, parts)):
            say(welcome(site, time.monotonic() - started))
            await stop.wait()
        say("kontor: stopping; work in the labs is saved, then labs and clusters end (up to half a minute) ...")
    finally:
        await supervisor.stop(order)
        objectstore.remove_sockets(objectstore.StorePorts.of(site))
    say("kontor: stopped.")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work unless told to stop; True if it was done."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return False


async def _start(site: Site, supervisor: Supervisor, parts: list[Part]) -> None:
    """Start all parts at once, each as soon as it can; then see to the data."""
    say(f"kontor: starting {', '.join(part.name for part in parts)} ...")

    async def one(part: Part) -> None:
        await supervisor.start(part)
        say(f"  {part.name} answers")

    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(one(part))
    except* KontorError as errors:
        raise errors.exceptions[0] from None
    if site.settings.demo.enabled:
        await _seed(site)


async def _seed(site: Site) -> None:
    """Bring the demo data sets in; a process of its own, because it needs the scientific packages."""
    log = site.logs / "seed.log"
    with open(log, "ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kontor",
            "seed",
            "--state",
            str(site.state),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            say(line.decode().rstrip())
        if await process.wait() != 0:
            raise KontorError(f"The demo data could not be brought in. The end of {log}:\n{tail(log)}")
    finally:
        await end(process, patience=5)
