"""A real lab, as the hub starts it: `jupyterhub-singleuser` with our server half, on a free port of loopback."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
from tornado.web import create_signed_value

from tests.extension.standin import LAB, MAJA, WORKSPACE

COOKIE_SECRET = b"only for this test"
CLIENT = f"jupyterhub-user-{WORKSPACE}"
EXTENSION = Path(__file__).parents[2] / "extensions" / "kontor-lab"


class Lab:
    """One lab process; `home` holds its files, `url` ends with a slash."""

    def __init__(self, folder: Path, hub_port: int, **kontor: str) -> None:
        self.home = folder / "home"
        self.log = folder / "lab.log"
        self.home.mkdir(parents=True)
        self._runtime = folder
        self._hub = f"http://127.0.0.1:{hub_port}"
        self._kontor = kontor
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/user/{WORKSPACE}/"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when the lab answers."""
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "jupyterhub.singleuser", "--allow-root", "--ServerApp.disable_check_xsrf=True"],
                "--ServerApp.jpserver_extensions={'kontor_lab': True, 'jupyter_server_ydoc': True}",
                f"--SQLiteYStore.db_path={self._runtime / 'ystore.db'}",
                f"--BaseFileIdManager.db_path={self._runtime / 'ids.db'}",
                cwd=self.home,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(60):
            while not await self._answers():
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """As a hub stops it: SIGTERM, and time to end."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(20):
                    await self.process.wait()
            finally:
                if self.process.returncode is None:
                    self.process.kill()

    async def ask(self, method: str, path: str, token: str | None = MAJA, content: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request."""
        headers = {"Authorization": f"token {token}"} if token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, json=content, allow_redirects=False) as answer,
        ):
            text = await answer.text()
            return answer.status, await answer.json() if text else None

    @staticmethod
    def browser_headers(token: str, origin: str) -> dict[str, str]:
        """What a browser sends when a page of `origin` opens a socket for somebody who has signed in to the lab."""
        cookie = create_signed_value(COOKIE_SECRET, CLIENT, token).decode()
        return {"Cookie": f"{CLIENT}={cookie}", "Origin": origin, "Sec-Fetch-Mode": "websocket"}

    async def _answers(self) -> bool:
        try:
            return (await self.ask("GET", "kontor/api/connection"))[0] == 200
        except (aiohttp.ClientError, ValueError):
            return False

    def _environment(self) -> dict[str, str]:
        token_file = self._runtime / "token"
        token_file.write_text(LAB + "\n")
        config = self._runtime / "config"
        config.mkdir(exist_ok=True)
        (config / "jupyter_server_config.py").write_text(f"c.ServerApp.cookie_secret = {COOKIE_SECRET!r}\n")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(EXTENSION),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(self._runtime / "data"),
            "JUPYTER_RUNTIME_DIR": str(self._runtime / "runtime"),
            "JUPYTERHUB_SINGLEUSER_APP": "jupyter-server",
            "JUPYTERHUB_API_URL": f"{self._hub}/hub/api",
            "JUPYTERHUB_API_TOKEN": LAB,
            "JUPYTERHUB_CLIENT_ID": CLIENT,
            "JUPYTERHUB_USER": WORKSPACE,
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_SERVICE_PREFIX": f"/user/{WORKSPACE}/",
            "JUPYTERHUB_SERVICE_URL": self.url,
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": f'["access:servers!server={WORKSPACE}/"]',
            "JUPYTERHUB_OAUTH_SCOPES": f'["access:servers!server={WORKSPACE}/"]',
            "KONTOR_TOKEN_FILE": str(token_file),
            **self._kontor,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_notebook(home: Path, name: str) -> None:
    """A notebook with one cell, whose source is `start`."""
    cell = {
        "id": "first",
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": "start",
    }
    (home / name).write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
