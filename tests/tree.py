"""The whole running tree for tests: `kontor up` as a newcomer runs it, and people who sign in to it.

`Tree.start` runs the real command in a state folder of its own on free loopback ports; `Visitor` is a person's
browser without a screen (cookies, redirects, forms), who signs in through the real issuer.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import psutil

from kontor.hubapi import HubAPI
from kontor.names import account_name
from kontor.site import Site, free_ports
from tests.waiting import until

ROOT = Path(__file__).parents[1]
PERSONAS = ROOT / "hub" / "kontor" / "people" / "issuer" / "personas.json"
START_SECONDS = 240.0


def resolve_localhost() -> None:
    """Let Python find `*.localhost` on loopback, as browsers and curl do (RFC 6761); for this process only."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name and name.endswith(".localhost") else host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


@dataclass
class Tree:
    """A running installation.

    Parameters
    ----------
    site : Site
    process : asyncio.subprocess.Process or None
        `kontor up` itself; None for a tree that somebody else runs.
    said : list of str
        The lines that it printed.
    """

    site: Site
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)

    @classmethod
    async def start(cls, state: Path, *arguments: str, port: int | None = None) -> Tree:
        """Run `kontor up` and wait until it prints its address."""
        chosen = port or free_ports(1)[0]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kontor",
            "up",
            "--state",
            str(state),
            "--port",
            str(chosen),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=state.parent,
        )
        said: list[str] = []
        assert process.stdout
        try:
            async with asyncio.timeout(START_SECONDS):
                async for line in process.stdout:
                    said.append(line.decode().rstrip())
                    if "Kontor is open" in said[-1]:
                        break
        except TimeoutError:
            process.kill()
        if not said or "Kontor is open" not in said[-1]:
            await process.wait()
            raise AssertionError("kontor up did not open:\n" + "\n".join(said))
        tree = cls(Site.load(state), process, said)
        tree._listener = asyncio.create_task(tree._listen())
        return tree

    async def _listen(self) -> None:
        assert self.process
        assert self.process.stdout
        async for line in self.process.stdout:
            self.said.append(line.decode().rstrip())

    async def stop(self, number: int = signal.SIGINT, seconds: float = 60.0) -> int:
        """End it as Ctrl-C does; returns the exit code."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(seconds):
            code = await self.process.wait()
            await self._listener
        return code

    @contextmanager
    def visitor(self) -> Iterator[Visitor]:
        """Somebody who has not signed in."""
        with httpx.Client(follow_redirects=True, timeout=60, trust_env=False) as client:
            yield Visitor(self, client)

    @contextmanager
    def signed_in(self, persona: str) -> Iterator[Visitor]:
        """A demo person who has signed in and stands in the lobby."""
        with self.visitor() as visitor:
            visitor.sign_in(persona)
            yield visitor


LEADS = {"knee-mr": "maja", "membrane-proteins": "kari", "sepsis-proteome": "lars", "battery-neutrons": "erik"}


async def open_workspace(tree: Tree, pilot: str) -> str:
    """Have the pilot's lead open its workspace; returns its address when it answers."""
    address = f"{tree.site.public_url_of('ws-' + pilot)}/user/ws-{pilot}"
    with tree.signed_in(LEADS[pilot]) as lead:
        lead.post(f"pilots/{pilot}/workspace")

        def answers() -> bool:
            opening = lead.lobby(f"pilots/{pilot}/workspace/opening", follow_redirects=False)
            return opening.headers.get("location", "").startswith(address)

        await until(answers, f"the workspace of {pilot} opens", seconds=120)
    return address


async def close_workspace(tree: Tree, pilot: str) -> None:
    """Have the pilot's workspace opened and closed again, so that it is known and does not run."""
    await open_workspace(tree, pilot)
    _workspace_process(tree, pilot).terminate()
    async with HubAPI(tree.site.hub_api_url, tree.site.secret("service-token")) as hub:

        async def closed() -> bool:
            model = await hub.user(f"ws-{pilot}")
            return not (model or {}).get("servers")

        await until(closed, f"the hub sees that the workspace of {pilot} is closed", seconds=90)


def environment_of_workspace(pilot: str, tree: Tree) -> dict[str, str]:
    """The environment of a workspace that runs, as its kernels inherit it."""
    return _workspace_process(tree, pilot).environ()


def _workspace_process(tree: Tree, pilot: str) -> psutil.Process:
    wanted = {"JUPYTERHUB_USER": f"ws-{pilot}", "KONTOR_API": f"{tree.site.service_url}api"}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "jupyterhub.singleuser" in process.cmdline() and wanted.items() <= process.environ().items():
                return process
    raise AssertionError(f"the workspace of {pilot} does not run")


def persona(name: str) -> dict[str, Any]:
    """A demo person as the issuer knows them."""
    people = json.loads(PERSONAS.read_text(encoding="utf-8"))
    people = people if isinstance(people, list) else people["personas"]
    return next(one for one in people if one["id"] == name)


def account(name: str) -> str:
    """The account name of a demo person."""
    return account_name(
        "demo", persona(name)["claims"]["sub"] if "sub" in persona(name)["claims"] else persona(name)["subject"]
    )


@dataclass
class Visitor:
    """A person's browser without a screen."""

    tree: Tree
    client: httpx.Client

    def sign_in(self, persona_id: str) -> httpx.Response:
        """Go to the front door, choose who to be, and arrive."""
        page = self.client.get(self.tree.site.public_url)
        start = _link(page, r"oauth_login")
        page = self.client.get(urljoin(str(page.url), start))
        return self.submit(page, persona_id)

    def submit(self, page: httpx.Response, value: str) -> httpx.Response:
        """Press the button with this value in the page's form."""
        form = re.search(
            r"<form[^>]*action=\"([^\"]*)\"[^>]*>(?:(?!</form>).)*value=\"" + value + r"\".*?</form>", page.text, re.S
        )
        assert form, f"no button {value!r} at {page.url}: {page.text[:2000]}"
        button = re.search(r"<(?:button|input)[^>]*name=\"([^\"]+)\"[^>]*value=\"" + value + '"', form.group(0))
        assert button, form.group(0)
        fields = dict(
            re.findall(r"<input[^>]*type=\"hidden\"[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"", form.group(0))
        )
        data = {**{key: unescape(text) for key, text in fields.items()}, button.group(1): value}
        target = urljoin(str(page.url), unescape(form.group(1)))
        return self.client.post(target, data=data, headers={"Origin": origin(str(page.url))})

    def lobby(self, path: str = "", **kwargs: Any) -> httpx.Response:
        """A page of the kontor service."""
        return self.client.get(self.tree.site.service_public_url + path, **kwargs)

    def post(self, path: str, **data: Any) -> httpx.Response:
        """Press a button on a page of the kontor service."""
        site = self.tree.site
        return self.client.post(
            site.service_public_url + path, data=data, headers={"Origin": origin(site.service_public_url)}
        )


def origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _link(page: httpx.Response, pattern: str) -> str:
    found = re.search(r"(?:href|action)=\"([^\"]*" + pattern + r"[^\"]*)\"", page.text)
    assert found, f"no link {pattern!r} at {page.url}: {page.text[:2000]}"
    return unescape(found.group(1))
