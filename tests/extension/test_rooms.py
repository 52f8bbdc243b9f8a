"""Shared documents: who may open one, and that what people type reaches the disk."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import aiohttp
import jupyter_server_ydoc
import pytest

from kontor_lab import app, guard, saving
from tests.extension.lab import Lab, write_notebook
from tests.extension.standin import StandIn
from tests.extension.typist import Typist


def _on_disk(lab: Lab, notebook: str) -> str:
    found: str = "".join(json.loads((lab.home / notebook).read_text())["cells"][0]["source"])
    return found


@pytest.mark.parametrize("origin", ["http://evil.example", "http://lobby.kontor.localhost:8000", "null"])
async def test_a_page_of_another_origin_cannot_open_a_room(lab: Lab, notebook: str, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with Typist(lab, notebook, origin=origin):
            pass
    assert refused.value.status == 403


async def test_the_labs_own_pages_and_programs_can_open_a_room(lab: Lab, notebook: str) -> None:
    for origin in (f"http://127.0.0.1:{lab.port}", None):
        async with Typist(lab, notebook, origin=origin) as typist:
            assert str(typist.text) == "start"


async def test_work_is_written_while_somebody_types_without_pause(lab: Lab, notebook: str) -> None:
    """Upstream waits for a second of silence, which never comes here."""
    async with Typist(lab, notebook) as typist, asyncio.timeout(saving.INTERVAL + 4):
        while "x" not in _on_disk(lab, notebook):
            typist.write("x")
            await asyncio.sleep(0.1)


async def test_what_was_typed_last_is_written_when_the_lab_stops(plain_lab: Lab) -> None:
    """A lab outside Kontor as well; the deletion is a change of its own kind in the protocol."""
    write_notebook(plain_lab.home, "last.ipynb")
    async with Typist(plain_lab, "last.ipynb") as typist, Typist(plain_lab, "last.ipynb") as reader:
        typist.write(" and the end")
        del typist.text[0:5]
        async with asyncio.timeout(5):
            while str(reader.text) != " and the end":
                await asyncio.sleep(0.01)
        await plain_lab.stop()
        assert _on_disk(plain_lab, "last.ipynb") == " and the end"


async def test_a_lab_outside_kontor_says_so_and_works(plain_lab: Lab, standin: StandIn) -> None:
    _, connection = await plain_lab.ask("GET", "kontor/api/connection")
    assert not connection["connected"]
    assert connection["reason"].endswith("open your lab from the lobby of Kontor.")
    for path in ("kontor/api/pilots", "kontor/api/pilots/knee-mr/clusters"):
        status, answer = await plain_lab.ask("GET", path)
        assert status == 503
        assert answer["error"]["message"].endswith(".")
    # the lab that the other tests share tells who is in it meanwhile
    assert {path for _, path, _, _ in standin.asked} <= {"/api/presence"}


def test_the_installed_version_is_known() -> None:
    guard.check_version(jupyter_server_ydoc.__version__)


@pytest.mark.parametrize(("api", "starts"), [("http://127.0.0.1:1/api", False), ("", True)], ids=["kontor", "plain"])
def test_a_lab_of_kontor_does_not_start_with_an_unknown_version(
    monkeypatch: pytest.MonkeyPatch, api: str, starts: bool
) -> None:
    monkeypatch.setattr(jupyter_server_ydoc, "__version__", "99.0")
    monkeypatch.setenv("KONTOR_API", api)
    said: list[str] = []
    ended: list[int] = []
    web_app = SimpleNamespace(settings={"base_url": "/"}, add_handlers=lambda *_: None)
    log = SimpleNamespace(critical=lambda text, *args: said.append(text % args))
    server: Any = SimpleNamespace(web_app=web_app, log=log, exit=ended.append)
    app._load_jupyter_server_extension(server)
    assert "99.0" in said[0]
    assert "3.0.4" in said[0]
    assert ended == ([] if starts else [1])


async def test_a_document_that_cannot_be_written_stays_unsaved() -> None:
    saves: list[bool] = []

    async def fail(*_: object, save_now: bool) -> None:
        saves.append(save_now)

    room = SimpleNamespace(_file=SimpleNamespace(last_modified=1, path="full.ipynb"), _maybe_save_document=fail)
    room._kontor_unsaved = True
    saver = saving.Saver(lambda: [room], SimpleNamespace(warning=lambda *_: None))  # type: ignore[arg-type]
    assert await saver.save_all() == 1
    assert await saver.save_all() == 1
    assert saves == [True, True]
