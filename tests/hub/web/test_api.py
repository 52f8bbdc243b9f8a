"""What the API says to those whom it lets in."""

from __future__ import annotations

import pytest

from tests.hub.web.house import House, account


async def ask(house: House, caller: str, path: str, form: str = "Bearer {}") -> dict[str, object]:
    async with house.browser() as client:
        headers = {"Authorization": form.format(house.tokens[caller])}
        answer = await client.get(f"{house.prefix}api/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "token {}", "{}", "  {} "])
@pytest.mark.parametrize("caller", ["maja", "cluster"])
async def test_a_token_may_come_in_every_usual_form(house: House, caller: str, form: str) -> None:
    assert (await ask(house, caller, "me", form))["kind"] in ("person", "cluster")


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwdw==", "Bearer", "Bearer ", "a.b.c", "token x.y"])
async def test_anything_else_is_nobody(house: House, header: str) -> None:
    async with house.browser() as client:
        answer = await client.get(f"{house.prefix}api/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_me(house: House) -> None:
    assert await ask(house, "maja", "me") == {
        "kind": "person",
        "name": account("maja"),
        "display_name": "Maja Lindqvist",
        "pilots": ["knee-mr", "sepsis-proteome"],
    }
    workspace = await ask(house, "workspace", "me")
    assert (workspace["kind"], workspace["name"], workspace["pilots"]) == ("workspace", "ws-knee-mr", ["knee-mr"])
    cluster = await ask(house, "cluster", "me")
    assert (cluster["kind"], cluster["name"], cluster["pilots"]) == ("cluster", "c1", ["knee-mr"])


async def test_a_pilot_has_the_agreed_shape(house: House) -> None:
    house.app.state.presence.heard("knee-mr", [account("jonas"), account("erik")])
    pilot = await ask(house, "anke", "pilots/knee-mr")
    assert set(pilot) == {
        "slug",
        "title",
        "question",
        "class",
        "state",
        "role",
        "technique",
        "facility",
        "may_open",
        "why_not",
        "people",
        "here",
        "open_url",
        "page_url",
    }
    assert (pilot["role"], pilot["may_open"], pilot["class"]) == ("runner", False, "standard")
    assert "ask the lead" in str(pilot["why_not"])
    assert pilot["here"] == [account("jonas")], "strangers are not told of"
    assert pilot["page_url"] == f"{house.site.service_public_url}pilots/knee-mr"
    people = pilot["people"]
    assert isinstance(people, list)
    assert people[0] == {
        "name": account("maja"),
        "display_name": "Maja Lindqvist",
        "initials": "ML",
        "color": people[0]["color"],
        "partner": "Skåne University Hospital",
        "country": "SE",
        "role": "lead",
        "here": False,
    }


async def test_a_workspace_acts_as_an_editor_in_its_own_pilot_only(house: House) -> None:
    found = await ask(house, "workspace", "pilots")
    assert isinstance(found["items"], list)
    assert [(one["slug"], one["role"], one["may_open"]) for one in found["items"]] == [("knee-mr", "editor", True)]


@pytest.mark.parametrize(
    ("caller", "pilot", "role", "name"),
    [
        ("maja", "knee-mr", "lead", account("maja")),
        ("anke", "knee-mr", "runner", account("anke")),
        ("greta", "sepsis-proteome", "reviewer", account("greta")),
        ("workspace", "knee-mr", "editor", "ws-knee-mr"),
        ("cluster", "knee-mr", "editor", "cluster-c1"),
    ],
)
async def test_keys_to_data_are_given_for_the_callers_role(
    house: House, caller: str, pilot: str, role: str, name: str
) -> None:
    assert set(await ask(house, caller, f"store/credentials/{pilot}")) == {
        "AccessKeyId",
        "SecretAccessKey",
        "Token",
        "Expiration",
    }
    assert house.broker.given == [(pilot, role, name)]


async def test_a_data_set_has_the_agreed_shape(house: House) -> None:
    found = await ask(house, "cluster", "datasets/knee-mr/brain-mr")
    assert found["id"] == "knee-mr/brain-mr"
    assert found["preview"] == f"{house.site.service_public_url}data/knee-mr/brain-mr/preview.png"
    assert found["zarr"] == "raw/knee-mr/brain-mr.zarr"
    listed = await ask(house, "cluster", "pilots/knee-mr/datasets")
    assert listed == {"datasets": [found]}


async def test_health_needs_no_login(house: House) -> None:
    async with house.browser() as client:
        answer = await client.get(f"{house.prefix}api/health")
    assert answer.json()["status"] == "ok"


async def test_the_hub_is_asked_once_in_half_a_minute(house: House) -> None:
    seconds = [0.0]
    house.app.state.callers._tokens._clock = lambda: seconds[0]
    for moment, asked in ((0.0, 1), (30.0, 1), (30.1, 2)):
        seconds[0] = moment
        await ask(house, "maja", "me")
        assert house.hub.asked.count("GET /hub/api/user") == asked
    del house.hub.owners[house.tokens["maja"]]
    seconds[0] = 61.0
    async with house.browser() as client:
        answer = await client.get(f"{house.prefix}api/me", headers={"Authorization": house.tokens["maja"]})
    assert answer.status_code == 401


async def test_a_hub_that_is_down_is_no_refusal(house: House) -> None:
    house.hub.broken = True
    async with house.browser() as client:
        answer = await client.get(f"{house.prefix}api/me", headers={"Authorization": house.tokens["maja"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
