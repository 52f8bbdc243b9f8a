"""The tree as a whole: started, looked at, hurt, started again, stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from kontor.cli.health import checks
from kontor.site import free_ports
from tests.tree import Tree, origin
from tests.waiting import until

pytestmark = pytest.mark.tree


async def kontor(*arguments: str, folder: Path | None = None) -> tuple[int, str]:
    """Run the command; its exit code and all it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kontor",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, printed.decode()


async def test_doctor_says_that_all_is_well(tree: Tree) -> None:
    code, printed = await kontor("doctor", "--state", str(tree.site.state))
    assert code == 0, printed
    for part in checks(tree.site):
        assert part
    assert printed.count(" answers") == len(checks(tree.site))
    assert "missing" not in printed
    assert "6.1.1" in printed


async def test_doctor_without_a_tree(tmp_path: Path) -> None:
    code, printed = await kontor("doctor", "--state", str(tmp_path))
    assert code == 1
    assert "Start it with `kontor up`" in printed
    assert "Traceback" not in printed


async def test_a_second_start_from_the_same_folder_is_refused(tree: Tree) -> None:
    code, printed = await kontor("up", "--state", str(tree.site.state), "--port", str(free_ports(1)[0]))
    assert code == 1
    assert "already runs" in printed
    assert "Traceback" not in printed


async def test_a_taken_port_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, printed = await kontor("up", "--state", str(tmp_path / "state"), "--port", str(port))
    assert code == 1
    assert f"Port {port}" in printed
    assert f"--port {port + 1}" in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "state").exists()


async def test_settings_with_mistakes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "kontor.toml"
    file.write_text("[server]\nprot = 1\n[demo]\nenabled = 'perhaps'\n")
    for arguments in (("check", str(file)), ("up", "--state", str(tmp_path / "state"), "--settings", str(file))):
        code, printed = await kontor(*arguments)
        assert code == 1
        assert "server.prot: unknown key; did you mean 'port'?" in printed
        assert "demo.enabled" in printed
        assert "Traceback" not in printed
    assert not (tmp_path / "state").exists()


async def test_a_part_that_dies_comes_back(tree: Tree) -> None:
    """Each part is killed in turn; afterwards all answer and the main page is served."""
    assert tree.process
    for name in checks(tree.site):
        command = {"hub": "jupyterhub", "proxy": "traefik", "store": "weed", "issuer": "server.mjs"}.get(name, name)
        module = {"gateway": "kontor.clusters"}.get(name, command)
        victim = next(
            child
            for child in psutil.Process(tree.process.pid).children()
            if any(module in word for word in child.cmdline())
        )
        victim.send_signal(signal.SIGKILL)
        await until(
            lambda gone=victim: not gone.is_running() or gone.status() == psutil.STATUS_ZOMBIE, f"{name} is dead"
        )
        await until(checks(tree.site)[name], f"{name} answers again", seconds=60)
        assert any(line.startswith(f"kontor: {name} ended (signal SIGKILL)") for line in tree.said)
    with tree.signed_in("maja") as maja:
        assert "Cartilage under load" in maja.lobby().text


async def test_no_secret_is_in_an_argument_list_or_a_log(tree: Tree) -> None:
    secrets = {path.name: path.read_text().strip() for path in (tree.site.state / "secrets").iterdir()}
    assert len(secrets) > 10
    seen = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    for log in tree.site.logs.rglob("*.log"):
        seen.append(log.read_text(errors="replace"))
    for name, secret in secrets.items():
        assert not any(secret in text for text in seen), name


async def test_only_loopback_is_listened_on(tree: Tree) -> None:
    assert tree.process
    family = [psutil.Process(tree.process.pid), *psutil.Process(tree.process.pid).children(recursive=True)]
    addresses = {
        connection.laddr.ip
        for process in family
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses <= {"127.0.0.1", "::1"}


async def test_another_name_leads_to_the_public_one(tree: Tree) -> None:
    with tree.visitor() as visitor:
        arrived = visitor.client.get(f"http://127.0.0.1:{tree.site.ports.public}/anything")
        assert origin(str(arrived.url)) == tree.site.public_url


async def test_first_start_second_start_and_stop(tmp_path: Path) -> None:
    """A house of its own: it keeps what it knows, starts again within 15 seconds, and leaves no process behind."""
    first = await Tree.start(tmp_path / "state")
    family = psutil.Process(first.process.pid).children(recursive=True)
    with first.signed_in("maja") as maja:
        assert "Cartilage under load" in maja.lobby().text
    assert await first.stop() == 0
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not (tmp_path / "state" / "run").exists()
    assert not first.site.sockets.exists()

    begun = time.monotonic()
    second = await Tree.start(tmp_path / "state")
    seconds = time.monotonic() - begun
    try:
        assert not any("bringing in" in line for line in second.said)
        with second.signed_in("maja") as maja:
            assert "Cartilage under load" in maja.lobby().text
        print(json.dumps({"second start, seconds": round(seconds, 1)}))
    finally:
        assert await second.stop(signal.SIGTERM) == 0


async def test_a_killed_house_takes_its_parts_with_it(tmp_path: Path) -> None:
    tree = await Tree.start(tmp_path / "state")
    assert tree.process
    family = psutil.Process(tree.process.pid).children()
    tree.process.kill()
    await tree.process.wait()
    await until(
        lambda: not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE],
        "all parts end with the supervisor",
        seconds=60,
    )
    again = await Tree.start(tmp_path / "state")
    assert await again.stop() == 0
