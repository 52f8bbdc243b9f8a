"""The lobby and the list of one's pilots: every state with what one should know, and what waits for an office."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kontor.people.model import PersonRow
from kontor.pilots import members, store
from kontor.settings import Settings
from kontor.web.pilots_list import notes_of
from tests.hub.web.house import House, account

TODAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
BONES = store.Pilot(
    slug="bones",
    title="Bones",
    question="Why?",
    class_="standard",
    state="active",
    technique=None,
    facility=None,
    notebook=None,
    starts=date(2026, 1, 1),
    ends=date(2027, 1, 1),
)


@pytest.mark.parametrize(
    ("values", "used", "words"),
    [
        pytest.param({}, 0, [], id="nothing to know"),
        pytest.param({"state": "proposed"}, 0, ["proposed, waits for a decision"], id="proposed"),
        pytest.param({"state": "declined"}, 0, ["declined"], id="declined"),
        pytest.param({"state": "approved"}, 0, ["approved, starts on 1 January 2026"], id="approved"),
        pytest.param({"state": "closing", "closed_on": TODAY}, 0, ["closing, archived on 3 June 2026"], id="closing"),
        pytest.param({"state": "archived"}, 0, ["archived"], id="archived"),
        pytest.param({"ends": TODAY}, 0, ["ends today"], id="last day"),
        pytest.param({"ends": TODAY + timedelta(days=1)}, 0, ["ends in 1 day"], id="last but one"),
        pytest.param({"ends": TODAY + timedelta(days=30)}, 0, ["ends in 30 days"], id="first day of the warning"),
        pytest.param({"ends": TODAY + timedelta(days=31)}, 0, [], id="a day before the warning"),
        pytest.param({"ends": None}, 0, [], id="no end"),
        pytest.param(
            {"agreement_ends": TODAY + timedelta(days=12)}, 0, ["agreement ends in 12 days"], id="agreement ends"
        ),
        pytest.param(
            {"agreement_ends": TODAY - timedelta(days=1)},
            0,
            ["read-only: the agreement has ended"],
            id="agreement over",
        ),
        pytest.param(
            {"grace_until": NOON}, 104, ["read-only: the budget is used up", "104 % of the budget used"], id="stopped"
        ),
        pytest.param({}, 79, [], id="below the warning"),
        pytest.param({}, 80, ["80 % of the budget used"], id="at the warning"),
        pytest.param({"state": "archived"}, 99, ["archived"], id="an archived pilot's budget is no news"),
    ],
)
def test_what_one_should_know_of_a_pilot(values: dict[str, Any], used: int, words: list[str]) -> None:
    pilot = replace(BONES, **values)
    found = notes_of(pilot, pilot.mode(NOON), settings=Settings(), used=used, today=TODAY)
    assert [note.words for note in found] == words


async def get(house: House, persona: str, path: str = "") -> Any:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


def headings(text: str) -> list[str]:
    return re.findall(r'<h2 id="mine-([a-z]+)">', text)


async def test_every_own_pilot_is_listed_in_its_group(house: House) -> None:
    with house.session() as session, session.begin():
        for slug, values in (
            ("wish", {"state": "proposed"}),
            ("over", {"state": "closing", "closed_on": date(2026, 1, 2)}),
        ):
            store.create(session, replace(BONES, slug=slug, title=f"The {slug}", **values))
            members.add(session, slug, account("maja"), "lead")
    text = (await get(house, "maja", "pilots")).text
    assert headings(text) == ["working", "planning", "reading", "record"]
    for words in ("The wish", "waits for a decision", "The over", "closing, archived on 1 February 2026", "Long ago"):
        assert words in text, words
    assert "Propose a pilot" in text
    assert re.search(r'id="open-(wish|over|long-ago)"', text) is None
    lobby = (await get(house, "maja")).text
    assert "The wish" in lobby
    assert "<h3>" in lobby
    assert not re.search(r"<h3><a [^>]*>Long ago", lobby), "the archive is on the page of all pilots"


async def test_many_pilots_do_not_fill_the_lobby(house: House) -> None:
    with house.session() as session, session.begin():
        for number in range(20):
            store.create(session, replace(BONES, slug=f"more-{number:02}", title=f"More {number:02}"))
            members.add(session, f"more-{number:02}", account("anke"), "viewer")
    text = (await get(house, "anke")).text
    assert text.count("<h3>") == 12
    assert "10 more pilots of yours" in text
    assert (await get(house, "anke", "pilots")).text.count("<h3>") == 22


async def test_who_is_here_is_told_of_members_only(house: House) -> None:
    house.app.state.presence.heard("knee-mr", [account("jonas"), account("erik")])
    text = (await get(house, "maja")).text
    assert "Jonas Petersen: " in text
    assert "Erik" not in text
    fragment = (await get(house, "maja", "fragments/here")).text
    assert 'id="here-knee-mr" hx-swap-oob="true"' in fragment
    assert "here-long-ago" not in fragment


@pytest.mark.parametrize(("persona", "office"), [("henrik", "steward"), ("ingrid", "operator")])
async def test_offices_have_a_lobby_and_see_what_waits(house: House, persona: str, office: str) -> None:
    house.tokens[persona] = house.hub.user(account(persona), f"token-{persona}")
    before = (await get(house, persona)).text
    with house.session() as session, session.begin():
        store.create(session, replace(BONES, slug="wish", title="Wish", state="proposed"))
        members.add(session, "wish", account("maja"), "lead")
    after = (await get(house, persona)).text
    assert f"As {office} you see every pilot" in after
    waiting = [int(re.findall(r"Waiting for a decision \((\d+)\)", text)[0]) for text in (before, after)]
    assert waiting[1] == waiting[0] + 1
    assert f'href="{house.prefix}proposals"' in after
    assert "Open my lab" not in after
    assert (await get(house, persona, "waiting")).headers["location"] == house.prefix


async def test_nobody_else_is_told_how_many_proposals_wait(house: House) -> None:
    assert "Waiting for a decision" not in (await get(house, "maja")).text


async def test_a_blank_name_is_greeted_as_well(house: House) -> None:
    with house.session() as session, session.begin():
        session.get_one(PersonRow, account("maja")).display_name = " "
    async with house.browser("maja") as client:
        answer = await client.get(house.prefix)
    assert (answer.status_code, "Cartilage under load" in answer.text) == (200, True)
