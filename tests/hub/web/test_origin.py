"""Only our own pages may change something: labs are on the same site and carry their visitor's cookies."""

from __future__ import annotations

import pytest

from tests.hub.web.house import House

CHANGES = [("pilots/knee-mr/workspace", {}), ("pilots/knee-mr/clusters", {"do": "start"}), ("logout", {})]
REFUSED = [
    pytest.param({}, id="no origin, no referer"),
    pytest.param({"Origin": "null"}, id="null"),
    pytest.param({"Origin": ""}, id="empty"),
    pytest.param({"Origin": "http://ws-knee-mr.kontor.localhost:{port}"}, id="a workspace"),
    pytest.param({"Origin": "http://kontor.localhost:{port}"}, id="the hub"),
    pytest.param({"Origin": "https://lobby.kontor.localhost:{port}"}, id="other scheme"),
    pytest.param({"Origin": "http://lobby.kontor.localhost:1"}, id="other port"),
    pytest.param({"Origin": "http://lobby.kontor.localhost:{port}.evil.example"}, id="longer host"),
    pytest.param({"Referer": "http://ws-knee-mr.kontor.localhost:{port}/lab"}, id="referer of a workspace"),
    pytest.param(
        {"Origin": "http://ws-knee-mr.kontor.localhost:{port}", "Referer": "http://lobby.kontor.localhost:{port}/"},
        id="the origin counts, not the referer",
    ),
]


@pytest.mark.parametrize("headers", REFUSED)
@pytest.mark.parametrize(("path", "form"), CHANGES, ids=lambda value: value if isinstance(value, str) else "")
async def test_refused(house: House, path: str, form: dict[str, str], headers: dict[str, str]) -> None:
    sent = {name: value.format(port=house.site.ports.public) for name, value in headers.items()}
    async with house.browser("maja") as client:
        answer = await client.post(house.prefix + path, data=form, headers=sent)
    assert answer.status_code == 403
    assert "not_from_our_pages" in answer.text
    assert "set-cookie" not in answer.headers
    assert (house.hub.started, house.clusters.asked) == ([], [])


@pytest.mark.parametrize("header", ["Origin", "Referer"])
@pytest.mark.parametrize(("path", "form"), CHANGES, ids=lambda value: value if isinstance(value, str) else "")
async def test_accepted(house: House, path: str, form: dict[str, str], header: str) -> None:
    sender = house.origin if header == "Origin" else house.site.service_public_url
    async with house.browser("maja") as client:
        answer = await client.post(house.prefix + path, data=form, headers={header: sender})
    assert answer.status_code == 303
