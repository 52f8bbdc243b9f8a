"""Places for slow work, and what is not tried again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kontor.errors import Unavailable
from kontor.pilots.documents import files
from kontor.web import rendering
from kontor.web.places import Places
from kontor.web.rendering import CannotShow, Renderer
from tests.waiting import until


async def test_who_finds_no_place_hears_it_at_once() -> None:
    places = Places(at_once=1, waiting=2, each=2)
    working, done = threading.Event(), threading.Event()

    def work(person: str) -> None:
        with places.one(person, seconds=30):
            working.set()
            assert done.wait(30)

    with ThreadPoolExecutor() as pool:
        try:
            jobs = [pool.submit(work, person) for person in ("ada", "ada", "ben")]
            await until(lambda: places._inside.total() == 3, "all are inside")
            assert working.wait(30)
            for person in ("ada", "cleo"):
                with pytest.raises(Unavailable, match="busy"), places.one(person, seconds=30):
                    pass
        finally:
            done.set()
        for job in jobs:
            job.result()
    with places.one("cleo", seconds=0), places._lock:
        assert places._inside == {"cleo": 1}


def test_one_person_does_not_take_the_places_of_others() -> None:
    places = Places(at_once=3, waiting=3, each=2)
    with places.one("ada", 0), places.one("ada", 0):
        with pytest.raises(Unavailable), places.one("ada", 30):
            pass
        with places.one("ben", 0):
            pass


def test_what_failed_is_not_tried_again_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, tries = [1000.0], []

    def fail(_content: bytes) -> str:
        tries.append(now[0])
        raise CannotShow("Too slow.", code="too_slow")

    renderer = Renderer(clock=lambda: now[0])
    monkeypatch.setattr(renderer, "_ask", fail)
    file = tmp_path / "a.ipynb"
    file.write_text("{}")

    def look() -> None:
        with files.open_file(tmp_path, "a.ipynb") as opened, pytest.raises(CannotShow) as error:
            renderer.body(opened, "ada")
        assert error.value.code == "too_slow"

    look()
    look()
    assert len(tries) == 1
    now[0] += rendering.NOT_AGAIN
    look()
    assert len(tries) == 2
    file.write_text("{} ")
    look()
    assert len(tries) == 3
