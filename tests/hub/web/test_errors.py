"""Errors: one shape below /api, a plain page elsewhere, nothing raw anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from tests.hub.web.house import NASTY, House


def is_error(answer: Any) -> bool:
    body = answer.json()
    error = body.get("error", {})
    return (
        set(body) == {"error"}
        and set(error) == {"code", "message", "status"}
        and error["status"] == answer.status_code
        and error["message"][:1].isupper()
        and error["message"].endswith(".")
    )


def api_routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


async def test_every_route_of_the_api_answers_errors_in_one_shape(house: House) -> None:
    routes = list(api_routes(house.app))
    assert len(routes) >= 7
    house.app.state.sessions = None  # everything that reads the database breaks
    async with house.browser() as client:
        for method, template in routes:
            path = template.replace("{slug}", NASTY).replace("{pilot}", "nowhere").replace("{name}", "x")
            for token in ("", house.tokens["maja"]):
                answer = await client.request(method, path, headers={"Authorization": token})
                assert answer.is_success or is_error(answer), (path, answer.text)
            assert is_error(await client.delete(path)), path


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("api/nothing", 404, "not_found"),
        ("api/", 404, "not_found"),
        ("api/pilots/nowhere", 404, "no_such_pilot"),
        ("api/pilots/..%2fx", 404, "not_found"),
        ("api/pilots/nowhere/datasets", 404, "no_such_pilot"),
        ("api/datasets/knee-mr/nothing", 404, "no_such_dataset"),
        ("api/store/credentials/nowhere", 404, "no_such_pilot"),
        ("api/pilots/membrane-proteins", 403, "not_a_member"),
    ],
)
async def test_codes(house: House, path: str, status: int, code: str) -> None:
    async with house.browser() as client:
        answer = await client.get(house.prefix + path, headers={"Authorization": house.tokens["maja"]})
    assert is_error(answer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_failure_of_ours_shows_nothing_of_it(house: House) -> None:
    house.app.state.portraits = None
    async with house.browser("maja") as client:
        page = await client.get(house.prefix)
        api = await client.get(f"{house.prefix}api/pilots", headers={"Authorization": house.tokens["maja"]})
    assert (page.status_code, api.status_code) == (500, 500)
    assert is_error(api)
    for answer in (page, api):
        assert "Traceback" not in answer.text
        assert "NoneType" not in answer.text
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "pilots",
        "nothing",
        "api/health",
        "api/nothing",
        "static/kontor.css",
        "static/vendor/htmx.min.js",
        "static/nothing.css",
        "pilots/membrane-proteins",
    ],
)
async def test_every_answer_is_guarded(house: House, path: str) -> None:
    async with house.browser("maja") as client:
        answer = await client.get(house.prefix + path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy


async def test_wrong_forms_are_refused_in_words(house: House) -> None:
    async with house.browser("maja") as client:
        for form in ({}, {"do": "start", "workers": "many"}, {"do": "start", "workers": "-1"}):
            answer = await client.post(
                f"{house.prefix}pilots/knee-mr/clusters", data=form, headers={"Origin": house.origin}
            )
            assert answer.status_code == 422
            assert "What was sent cannot be used" in answer.text
    assert house.clusters.asked == []
