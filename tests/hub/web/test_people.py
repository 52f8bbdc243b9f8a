"""The people of a pilot: what the tab shows, and how leads change who belongs to it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kontor.pilots import members
from tests.hub.web.house import House, account

KNEE = "pilots/knee-mr/people"


async def get(house: House, persona: str, path: str = KNEE) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


async def post(house: House, persona: str | None, path: str, **form: Any) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.post(house.prefix + path, data=form, headers={"Origin": house.origin})


def role(house: House, persona: str, slug: str = "knee-mr") -> str | None:
    with house.session() as session:
        found: str | None = members.role_of(session, account(persona), slug)
        return found


def version(house: House, persona: str, slug: str = "knee-mr") -> int:
    with house.session() as session:
        found = members.get(session, slug, account(persona))
        assert found is not None
        return int(found.version)


def lead_too(house: House, persona: str) -> None:
    with house.session() as session, session.begin():
        members.set_role(session, "knee-mr", account(persona), "lead")


async def test_the_tab_shows_who_belongs_where_from_and_as_what(house: House) -> None:
    house.app.state.presence.heard("knee-mr", [account("anke")])
    text = (await get(house, "jonas")).text
    for words in ("3 people", "Maja Lindqvist", "Skåne University Hospital · hospital · Sweden", "(you)", "here now"):
        assert words in text, words
    assert "Computes, and changes notebooks and files in the workspace." in text
    assert "Leave the pilot" in text
    assert "Add people" not in text
    assert "Remove" not in text


async def test_a_lead_finds_the_forms(house: House) -> None:
    text = (await get(house, "maja")).text
    for words in ("Add people", "Invite somebody", "Hand over the lead", "Remove", "Leave the pilot", 'name="version"'):
        assert words in text, words


async def test_a_role_is_changed_and_set_back(house: House) -> None:
    path = f"{KNEE}/{account('jonas')}"
    before = version(house, "jonas")
    answer = await post(house, "maja", path, role="viewer", version=before, until="", dated="yes", sure="y")
    assert answer.status_code == 303
    assert role(house, "jonas") == "viewer"
    text = (await get(house, "maja", answer.headers["location"].removeprefix(house.prefix).split("#")[0])).text
    assert "Jonas Petersen is now viewer." in text
    assert "Undo: make Jonas Petersen editor again" in text
    again = await post(house, "maja", path, role="editor", version=before + 1)
    assert (again.status_code, role(house, "jonas")) == (303, "editor")


async def test_an_address_alone_offers_no_undo(house: House) -> None:
    assert "Undo" not in (await get(house, "maja", f"{KNEE}?changed={account('jonas')}")).text


async def test_two_leads_at_once_the_second_sees_both_and_decides(house: House) -> None:
    lead_too(house, "jonas")
    path, read = f"{KNEE}/{account('anke')}", version(house, "anke")
    assert (await post(house, "jonas", path, role="viewer", version=read, sure="y")).status_code == 303
    late = await post(house, "maja", path, role="editor", version=read, until="2099-01-31", dated="yes")
    assert late.status_code == 409
    assert "Somebody else changed this meanwhile" in late.text
    assert 'name="role" value="editor"' in late.text
    assert f'name="version" value="{read + 1}"' in late.text
    assert role(house, "anke") == "viewer"
    sure = await post(house, "maja", path, role="editor", version=read + 1)
    assert (sure.status_code, role(house, "anke")) == (303, "editor")


async def test_a_refused_form_comes_back_filled_in(house: House) -> None:
    path = f"{KNEE}/{account('anke')}"
    answer = await post(
        house, "maja", path, role="runner", version=version(house, "anke"), until="2001-01-01", dated="yes"
    )
    assert answer.status_code == 400
    assert re.search(r'type="date" name="until" value="2001-01-01"[^>]*aria-invalid="true"', answer.text)
    assert "The end of a membership has to be in the future." in answer.text
    assert "<details open>" in answer.text
    assert role(house, "anke") == "runner"


@pytest.mark.parametrize("until", ["31.12.2099", "0000-00-00", "9999-12-31", "٢٠٢٦-٠١-٠١", "<b>"])
async def test_a_day_that_is_none_is_refused_beside_the_field(house: House, until: str) -> None:
    path = f"{KNEE}/{account('anke')}"
    answer = await post(house, "maja", path, role="runner", version=version(house, "anke"), until=until, dated="yes")
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "<b>" not in answer.text


async def test_removing_asks_first_and_tells_what_ends(house: House) -> None:
    path = f"{KNEE}/{account('anke')}/remove"
    asked = await get(house, "maja", path)
    assert "computations that run now end" in asked.text
    assert role(house, "anke") == "runner"
    done = await post(house, "maja", path, version=version(house, "anke"))
    assert (done.status_code, role(house, "anke")) == (303, None)
    assert (await get(house, "anke")).status_code == 403


async def test_a_member_leaves_by_themselves(house: House) -> None:
    path = f"{KNEE}/{account('anke')}/remove"
    assert "Leave the pilot?" in (await get(house, "anke", path)).text
    assert (await post(house, "anke", path, version=version(house, "anke"))).status_code == 303
    assert role(house, "anke") is None


async def test_the_last_lead_neither_leaves_nor_steps_down(house: House) -> None:
    me = account("maja")
    left = await post(house, "maja", f"{KNEE}/{me}/remove", version=version(house, "maja"))
    assert (left.status_code, "Hand over the lead" in left.text) == (409, True)
    asked = await post(house, "maja", f"{KNEE}/{me}", role="editor", version=version(house, "maja"))
    assert (asked.status_code, "Give up the lead?" in asked.text) == (200, True)
    stepped = await post(house, "maja", f"{KNEE}/{me}", role="editor", version=version(house, "maja"), sure="yes")
    assert (stepped.status_code, "A pilot needs a lead who stays" in stepped.text) == (409, True)
    assert role(house, "maja") == "lead"


async def test_what_ends_somebodys_work_is_asked_first(house: House) -> None:
    path, there = f"{KNEE}/{account('jonas')}", version(house, "jonas")
    asked = await post(house, "maja", path, role="viewer", version=there, until="", dated="yes")
    for words in ("Make Jonas", "computations that run now end", f'name="version" value="{there}"', 'name="sure"'):
        assert words in asked.text, words
    assert role(house, "jonas") == "editor"
    done = await post(house, "maja", path, role="viewer", version=there, dated="yes", sure="yes")
    assert (done.status_code, role(house, "jonas")) == (303, "viewer")
    back = await post(house, "maja", path, role="editor", version=version(house, "jonas"))
    assert (back.status_code, role(house, "jonas")) == (303, "editor")


async def test_full_names_are_pasted(house: House) -> None:
    wrong = await post(house, "maja", KNEE, people="Lars Holm\nKari Nobody", role="viewer")
    assert (wrong.status_code, role(house, "lars")) == (404, None)
    assert "Lars Holm\nKari Nobody</textarea>" in wrong.text
    done = await post(house, "maja", KNEE, people="lars holm\n" + account("greta"), role="viewer")
    assert (done.status_code, role(house, "lars"), role(house, "greta")) == (303, "viewer", "viewer")


async def test_a_guest_is_marked_on_the_overview(house: House) -> None:
    page = "pilots/knee-mr"
    assert "· guest" not in (await get(house, "maja", page)).text
    until = (date.today() + timedelta(days=9)).isoformat()
    answer = await post(house, "maja", KNEE, people=account("nils"), role="editor", until=until)
    assert answer.status_code == 303
    assert "· guest" in (await get(house, "maja", page)).text


async def test_the_lead_is_handed_over_after_asking(house: House) -> None:
    path = f"{KNEE}/{account('jonas')}/lead"
    assert "You become editor" in (await get(house, "maja", path)).text
    assert role(house, "maja") == "lead"
    assert (await post(house, "maja", path, version=version(house, "jonas"))).status_code == 303
    assert (role(house, "maja"), role(house, "jonas")) == ("editor", "lead")


async def test_people_are_found_ticked_and_added(house: House) -> None:
    found = await post(house, "maja", f"{KNEE}/find", q="lars", people="kept text", role="viewer", until="2099-01-01")
    assert f'value="{account("lars")}"' in found.text
    for kept in ("kept text</textarea>", 'value="2099-01-01"', '<option value="viewer" selected>', 'value="lars"'):
        assert kept in found.text, kept
    more = await post(house, "maja", f"{KNEE}/find", q="gre", picked=[account("lars")])
    assert re.search(rf'value="{account("lars")}" checked', more.text)
    done = await post(house, "maja", KNEE, picked=[account("lars"), account("greta")], role="viewer")
    assert done.status_code == 303
    assert (role(house, "lars"), role(house, "greta")) == ("viewer", "viewer")


async def test_the_search_never_names_strangers(house: House) -> None:
    found = await post(house, "maja", f"{KNEE}/find", q="kari", picked=[account("kari")])
    assert "Kari" not in found.text.replace('value="kari"', "")
    async with house.browser("maja") as client:
        part = await client.get(f"{house.prefix}fragments/{KNEE}-found", params={"q": "lars"})
    assert ("Lars Holm" in part.text, "<html" in part.text) == (True, False)


async def test_a_pasted_list_is_all_or_nobody(house: House) -> None:
    pasted = f"{account('lars')},\n{account('kari')}; u-nobody <script>alert(1)</script>"
    answer = await post(house, "maja", KNEE, people=pasted, role="viewer")
    assert answer.status_code == 404
    assert "Nobody was added" in answer.text
    assert "u-nobody" in answer.text
    assert "<script>alert" not in answer.text
    assert role(house, "lars") is None
    good = await post(house, "maja", KNEE, people=f"{account('lars')}\n{account('kari')}", role="viewer")
    assert (good.status_code, role(house, "kari")) == (303, "viewer")


async def test_ten_thousand_names_are_refused_and_kept(house: House) -> None:
    pasted = "\n".join("u" + f"{number:024d}".translate(str.maketrans("0189", "abcd")) for number in range(10_000))
    answer = await post(house, "maja", KNEE, people=pasted, role="viewer", until="2099-01-01")
    assert answer.status_code == 400
    assert "These are 10000 names. At most 200 people can be added at once; nobody was added." in answer.text
    assert answer.text.count("\nu") >= 9_999
    assert answer.elapsed.total_seconds() < 2


async def test_a_guest_needs_a_last_day(house: House) -> None:
    answer = await post(house, "maja", KNEE, people=account("nils"), role="viewer")
    assert (answer.status_code, "Nils Ek is a guest" in answer.text) == (400, True)
    assert account("nils") in answer.text
    assert role(house, "nils") is None


@pytest.mark.parametrize(
    ("visitor", "statuses"),
    [
        pytest.param(None, (302, 401, 401, 401, 302), id="nobody"),
        pytest.param("nils", (403, 403, 403, 403, 403), id="somebody in no pilot"),
        pytest.param("erik", (403, 403, 403, 403, 403), id="a lead of another pilot"),
        pytest.param("anke", (200, 403, 403, 403, 403), id="a runner"),
        pytest.param("jonas", (200, 403, 403, 403, 403), id="an editor"),
        pytest.param("henrik", (200, 303, 303, 303, 200), id="a steward of the installation"),
        pytest.param("maja", (200, 303, 303, 303, 200), id="the lead"),
    ],
)
async def test_who_may(house: House, visitor: str | None, statuses: tuple[int, ...]) -> None:
    house.tokens["henrik"] = house.hub.user(account("henrik"), "token-henrik")
    anke, lars = account("anke"), account("lars")
    async with house.browser(visitor) as client:
        pages = [(await client.get(f"{house.prefix}{KNEE}{end}")).status_code for end in ("", "/add")]
    there = version(house, "jonas")
    changed = await post(house, visitor, f"{KNEE}/{account('jonas')}", role="viewer", version=there, sure="y")
    added = await post(house, visitor, KNEE, people=lars, role="viewer")
    person = "jonas" if visitor == "anke" else "anke"
    removed = await post(house, visitor, f"{KNEE}/{account(person)}/remove", version=version(house, person))
    found = (pages[0], changed.status_code, added.status_code, removed.status_code, pages[1])
    assert found == statuses
    assert (role(house, "lars") == "viewer") == (statuses[2] == 303)
    assert anke


async def test_a_form_from_elsewhere_changes_nothing(house: House) -> None:
    async with house.browser("maja") as client:
        answer = await client.post(
            f"{house.prefix}{KNEE}/{account('anke')}/remove",
            data={"version": version(house, "anke")},
            headers={"Origin": "http://ws-knee-mr.kontor.localhost:8000"},
        )
    assert (answer.status_code, role(house, "anke")) == (403, "runner")


@pytest.mark.parametrize("person", ["maja", "..", "u" * 25, "%00", account("maja").upper()])
async def test_an_address_of_nobody_is_refused(house: House, person: str) -> None:
    answer = await post(house, "maja", f"{KNEE}/{person}/remove", version=1)
    assert answer.status_code in (404, 405, 422)


async def test_somebody_of_another_pilot_is_not_found_here(house: House) -> None:
    for end in ("", "/remove", "/lead"):
        answer = await post(house, "maja", f"{KNEE}/{account('erik')}{end}", role="viewer", version=1)
        assert answer.status_code == 404
    assert role(house, "erik", "battery-neutrons") == "lead"


async def test_an_archived_pilot_stays_as_it_was(house: House) -> None:
    path = "pilots/long-ago/people"
    assert "Change" not in (await get(house, "maja", path)).text.split("<main")[1]
    answer = await post(house, "maja", path, people=account("jonas"), role="viewer")
    assert (answer.status_code, "The pilot is archived" in answer.text) == (409, True)
    gone = await post(house, "maja", f"{path}/{account('maja')}/remove", version=1)
    assert (gone.status_code, role(house, "maja", "long-ago")) == (409, "lead")
