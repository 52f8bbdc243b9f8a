"""How the demo issuer starts, refuses to start, and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import DEADLINE, PEOPLE, Configuration, Issuer, node


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [node(), str(PEOPLE / "issuer" / "server.mjs"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


PUBLIC_LISTENING = ["other machines can reach", '"allow_public": true']
UNKNOWN = ['Unknown key "color"', 'Unknown key "sercet"', "Known keys: listen_host, ", "2 mistakes"]
MISSING = ['"issuer" is missing', '"redirect_uris" is missing']
SLASH = "http://issuer.localhost:8000/"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"listen_host": "0.0.0.0"}, ["0.0.0.0", *PUBLIC_LISTENING], id="every address"),
        pytest.param({"listen_host": "::"}, PUBLIC_LISTENING, id="every address of IPv6"),
        pytest.param({"listen_host": "192.0.2.7"}, PUBLIC_LISTENING, id="a public address"),
        pytest.param({"listen_host": "127.0.0.1.example.org"}, PUBLIC_LISTENING, id="a name that looks local"),
        pytest.param({"listen_host": "0.0.0.0", "allow_public": False}, PUBLIC_LISTENING, id="public and not allowed"),
        pytest.param({"listen_host": "0.0.0.0", "allow_public": "true"}, PUBLIC_LISTENING, id="allowed by a text"),
        pytest.param({"listen_host": "0.0.0.0", "allow_public": 1}, PUBLIC_LISTENING, id="allowed by a number"),
        pytest.param({"color": 1, "sercet": 2}, UNKNOWN, id="unknown keys"),
        pytest.param({"client_secret": "s" * 32}, ['Unknown key "client_secret"'], id="a secret in the file itself"),
        pytest.param({"issuer": None, "redirect_uris": None}, MISSING, id="missing keys"),
        pytest.param({"listen_port": 0}, ["1 to 65535"], id="port 0"),
        pytest.param({"listen_port": 65536}, ["1 to 65535"], id="port too high"),
        pytest.param({"listen_port": "8000"}, ["1 to 65535"], id="port as a text"),
        pytest.param({"issuer": SLASH}, [f"for example {SLASH[:-1]}"], id="issuer with a slash"),
        pytest.param({"issuer": "issuer.localhost"}, ['"issuer" must be an address'], id="issuer without scheme"),
        pytest.param({"redirect_uris": []}, ["at least one"], id="no callback"),
        pytest.param({"redirect_uris": ["ftp://a/"]}, ["http:// or https://"], id="callback that is no web address"),
        pytest.param({"client_secret_file": "nowhere"}, ["cannot be read", "ENOENT"], id="no secret file"),
        pytest.param({"client_secret_file": "issuer.json"}, ["16 printable characters"], id="not a secret"),
        pytest.param({"keys_file": "client-secret"}, ["no keys of the demo issuer"], id="not keys"),
    ],
)
def test_refuses_a_configuration_and_says_why(
    configuration: Configuration, changes: dict[str, Any], words: list[str]
) -> None:
    said = configuration.refusal(**changes)
    assert [word for word in words if word not in said] == [], said
    assert "    at " not in said, "no stack trace"
    assert not (configuration.folder / "issuer-keys.json").exists(), "nothing half-made is left"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
    ],
)
def test_refuses_a_file_that_is_no_configuration(configuration: Configuration, content: str | None, words: str) -> None:
    if content is not None:
        configuration.file.write_text(content)
    done = run("--config", str(configuration.file))
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("arguments", [[], ["--config"], ["--secret", "x"], ["file.json"]])
def test_refuses_other_arguments(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, "--config FILE.json" in done.stderr) == (2, True), done.stderr


def test_says_that_its_port_is_taken(configuration: Configuration) -> None:
    with socket.create_server(("127.0.0.1", configuration.values["listen_port"])):
        assert "is taken" in configuration.refusal()


def test_leave_to_be_public_is_given_in_words(configuration: Configuration) -> None:
    """With the leave it gets as far as listening; here the port is taken, so that nothing is open to others."""
    with socket.create_server(("", configuration.values["listen_port"])):
        assert "is taken" in configuration.refusal(listen_host="0.0.0.0", allow_public=True)


def test_keeps_its_keys_for_itself_and_over_a_restart(
    start: Callable[..., Issuer], configuration: Configuration
) -> None:
    published = []
    for _ in range(2):
        issuer = start()
        published.append(httpx.get(f"{issuer.direct}/jwks").json())
        issuer.process.terminate()
        issuer.process.wait(DEADLINE)
    keys = configuration.folder / "issuer-keys.json"
    assert published[0] == published[1]
    assert not {"d", "p", "q"} & set(published[0]["keys"][0])
    assert keys.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(configuration.folder)) == ["client-secret", "issuer-keys.json", "issuer.json"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminate", "interrupt"])
def test_stops_cleanly_although_a_browser_holds_a_connection(
    start: Callable[..., Issuer], number: signal.Signals
) -> None:
    issuer = start()
    with httpx.Client() as browser:
        browser.get(f"{issuer.direct}/healthz")
        issuer.process.send_signal(number)
        out, words = issuer.process.communicate(timeout=DEADLINE)
    assert (issuer.process.returncode, out, words) == (0, "", ""), "no word beside the one line at the start"
