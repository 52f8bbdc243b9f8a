"""Nobody sends the service more than it takes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from kontor.web.bodies import LARGEST
from tests.hub.web.documents import furnish, join
from tests.hub.web.house import House
from tests.hub.web.test_errors import is_error

LARGE = json.dumps({"title": "x" * 5_000_000}).encode()


async def streamed() -> AsyncIterator[bytes]:
    for at in range(0, len(LARGE), 100_000):
        yield LARGE[at : at + 100_000]


@pytest.mark.parametrize("persona", [None, "maja"])
@pytest.mark.parametrize("path", ["api/pilots", "api/nothing", "pilots/new"])
async def test_what_says_that_it_is_large_is_refused(house: House, path: str, persona: str | None) -> None:
    headers = {"Content-Type": "application/json", "Origin": house.origin}
    async with house.browser(persona) as client:
        answer = await client.post(house.prefix + path, content=LARGE, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"
    if path.startswith("api/"):
        assert is_error(answer)
        assert answer.json()["error"]["code"] == "body_too_large"
    else:
        assert "at most 2 MB" in answer.text


async def test_what_does_not_say_it_is_counted(house: House) -> None:
    headers = {"Content-Type": "application/json", "Authorization": house.tokens["maja"]}
    async with house.browser() as client:
        answer = await client.post(house.prefix + "api/pilots", content=streamed(), headers=headers)
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert is_error(answer)


async def test_forms_that_do_not_say_it_are_refused(house: House) -> None:
    """What reads forms takes less than we do for one field, and says so first."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": house.origin}
    async with house.browser() as client:
        answer = await client.post(house.prefix + "language", content=streamed(), headers=headers)
    assert answer.status_code in (400, 413)


async def test_nothing_is_read_for_routes_that_read_nothing(house: House) -> None:
    async with house.browser() as client:
        assert (await client.post(house.prefix + "nothing/here", content=streamed())).status_code == 404
        answer = await client.post(house.prefix + "api/pilots", content=b"x" * (LARGEST - 1))
        assert answer.status_code in (401, 422)


async def test_files_may_be_larger(house: House) -> None:
    root = furnish(house)
    join(house, "erik", "editor")
    async with house.browser("erik") as client:
        answer = await client.post(
            house.prefix + "pilots/knee-mr/upload",
            data={"folder": "results"},
            files={"file": ("large.bin", LARGE)},
            headers={"Origin": house.origin},
        )
    assert answer.status_code == 303
    assert (root / "results" / "large.bin").stat().st_size == len(LARGE)
