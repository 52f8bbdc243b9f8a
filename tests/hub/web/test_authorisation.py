"""Who may do what: a table of callers and routes, beginning with nobody."""

from __future__ import annotations

import pytest

from tests.hub.web.house import House

# API: caller -> (me, pilots/knee-mr, its data, one data set, keys to its data, keys to another pilot's data)
API = (
    "me",
    "pilots/knee-mr",
    "pilots/knee-mr/datasets",
    "datasets/knee-mr/brain-mr",
    "store/credentials/knee-mr",
    "store/credentials/battery-neutrons",
)
API_TABLE: dict[str, tuple[int, ...]] = {
    "nobody": (401, 401, 401, 401, 401, 401),
    "unknown token": (401, 401, 401, 401, 401, 401),
    "forged": (401, 401, 401, 401, 401, 401),
    "page": (403, 403, 403, 403, 403, 403),
    "gateway": (403, 403, 403, 403, 403, 403),
    "nils": (200, 403, 403, 403, 403, 403),
    "greta": (200, 403, 403, 403, 403, 403),
    "erik": (200, 403, 403, 403, 403, 200),
    "anke": (200, 200, 200, 200, 200, 200),
    "jonas": (200, 200, 200, 200, 200, 403),
    "maja": (200, 200, 200, 200, 200, 403),
    "workspace": (200, 200, 200, 200, 200, 403),
    "cluster": (200, 200, 200, 200, 200, 403),
}


@pytest.mark.parametrize("caller", API_TABLE)
async def test_api(house: House, caller: str) -> None:
    headers = {} if caller == "nobody" else {"Authorization": f"Bearer {house.tokens.get(caller, 'no-such-token')}"}
    async with house.browser() as client:
        found = [(await client.get(f"{house.prefix}api/{path}", headers=headers)).status_code for path in API]
    assert tuple(found) == API_TABLE[caller]


# Pages: visitor -> (lobby, waiting room, pilot page, its clusters, its pictures, open workspace, start a cluster)
PAGES = (
    ("GET", ""),
    ("GET", "waiting"),
    ("GET", "pilots/knee-mr"),
    ("GET", "fragments/pilots/knee-mr/clusters"),
    ("GET", "data/knee-mr/brain-mr/preview.png"),
    ("POST", "pilots/knee-mr/workspace"),
    ("POST", "pilots/knee-mr/clusters"),
)
PAGE_TABLE: dict[str, tuple[int, ...]] = {
    "nobody": (302, 302, 302, 302, 302, 401, 401),
    "nils": (303, 200, 403, 403, 403, 403, 403),
    "erik": (200, 303, 403, 403, 403, 403, 403),
    "anke": (200, 303, 200, 200, 200, 403, 303),
    "jonas": (200, 303, 200, 200, 200, 303, 303),
    "maja": (200, 303, 200, 200, 200, 303, 303),
}


@pytest.mark.parametrize("visitor", PAGE_TABLE)
async def test_pages(house: House, visitor: str) -> None:
    found = []
    async with house.browser(None if visitor == "nobody" else visitor) as client:
        for method, path in PAGES:
            form = {"do": "start"} if path.endswith("clusters") else {}
            headers = {"Origin": house.origin}
            answer = await client.request(method, house.prefix + path, data=form or None, headers=headers)
            found.append(answer.status_code)
    assert tuple(found) == PAGE_TABLE[visitor]
    assert bool(house.clusters.asked) == (PAGE_TABLE[visitor][-1] == 303)
    assert bool(house.hub.started) == (PAGE_TABLE[visitor][-2] == 303)


@pytest.mark.parametrize("path", ["workspace", "workspace/opening"])
async def test_who_may_not_edit_is_told_why_and_starts_nothing(house: House, path: str) -> None:
    async with house.browser("anke") as client:
        answer = await client.get(f"{house.prefix}pilots/knee-mr/{path}")
    assert answer.status_code == 403
    assert "Your role here is runner" in answer.text
    assert house.hub.started == []


async def test_reviewers_may_not_start_clusters(house: House) -> None:
    async with house.browser("greta") as client:
        answer = await client.post(
            f"{house.prefix}pilots/sepsis-proteome/clusters", data={"do": "start"}, headers={"Origin": house.origin}
        )
    assert answer.status_code == 403
    assert house.clusters.asked == []


async def test_leaving_ends_access_with_the_next_request(house: House) -> None:
    from kontor.pilots import members
    from tests.hub.web.house import account

    with house.session() as session, session.begin():
        members.remove(session, "knee-mr", account("maja"))
    async with house.browser("maja") as client:
        token = {"Authorization": house.tokens["maja"]}
        assert (await client.get(f"{house.prefix}pilots/knee-mr")).status_code == 403
        assert (await client.get(f"{house.prefix}api/store/credentials/knee-mr", headers=token)).status_code == 403


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("api/pilots/long-ago", 200),
        ("pilots/long-ago", 200),
        ("api/pilots/long-ago/datasets", 403),
        ("api/store/credentials/long-ago", 403),
        ("pilots/long-ago/workspace", 403),
        ("pilots/long-ago/workspace/opening", 403),
    ],
)
async def test_an_archived_pilot_can_be_read_about_and_is_closed(house: House, address: str, status: int) -> None:
    async with house.browser("maja") as client:
        headers = {"Authorization": house.tokens["maja"]}
        answer = await client.get(f"{house.prefix}{address}", headers=headers)
        assert answer.status_code == status
        if address.startswith("api/") and status == 403:
            assert answer.json()["error"]["code"] == "pilot_not_active"
