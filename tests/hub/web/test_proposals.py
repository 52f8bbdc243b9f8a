"""The form that proposes and changes pilots, the queue of the offices, and the same through the API."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from kontor.database import now
from kontor.names import MANAGE_SCOPE
from kontor.pilots import members, store
from kontor.pilots.lifecycle import day_of
from tests.hub.web.house import NASTY, House, account

ENDS = (day_of(now()) + timedelta(days=300)).isoformat()
STARTS = (day_of(now()) + timedelta(days=10)).isoformat()


@pytest.fixture
def offices(house: House) -> House:
    """The house with its steward, and tokens that may change things."""
    house.tokens["henrik"] = house.hub.user(account("henrik"), "token-henrik")
    for persona in ("maja", "jonas", "erik", "nils", "henrik"):
        house.hub.owners[house.tokens[persona]]["scopes"].append(MANAGE_SCOPE)
    return house


def a_form(**values: Any) -> dict[str, Any]:
    return {
        "title": "Bone and beam",
        "question": "Why do some bones heal slowly?",
        "partners": ["desy", "lund-university"],
        "other_name": ["Hafnia Cell", ""],
        "other_sector": ["company", "company"],
        "other_country": ["DK", ""],
        "class": "standard",
        "starts": STARTS,
        "ends": ENDS,
        "hours": "500",
        "person": [account("jonas"), ""],
        "role": ["editor", "editor"],
        "do": "send",
        **values,
    }


def a_body(**values: Any) -> dict[str, Any]:
    given = {"title": "Bone and beam", "question": "Why do some bones heal slowly?", "class": "standard"}
    return {**given, "partners": ["desy"], "starts": STARTS, "ends": ENDS, **values}


async def send(house: House, persona: str, path: str = "pilots/new", **form: Any) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.post(house.prefix + path, data=form, headers={"Origin": house.origin})


async def get(house: House, persona: str | None, path: str) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


async def call(house: House, caller: str, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {house.tokens.get(caller, 'nobody')}"}
    async with house.browser() as client:
        return await client.request(method, f"{house.prefix}api/{path}", json=body, headers=headers)


def pilot(house: House, slug: str) -> store.Pilot | None:
    with house.session() as session:
        return store.get(session, slug)


async def test_from_the_form_to_the_queue(offices: House) -> None:
    looked = await send(offices, "maja", **a_form(do="check"))
    assert looked.status_code == 200
    assert "Nothing has been sent yet" in looked.text
    assert 'name="slug" type="text" value="bone-and-beam"' in looked.text
    assert "no hospital" in looked.text.lower()
    assert pilot(offices, "bone-and-beam") is None
    sent = await send(offices, "maja", **a_form(slug="bone-and-beam"))
    assert sent.headers["location"] == f"{offices.prefix}pilots/bone-and-beam?done=proposed"
    made = pilot(offices, "bone-and-beam")
    assert made is not None
    assert (made.state, made.credits, made.proposed_by) == ("proposed", 500.0, account("maja"))
    with offices.session() as session:
        assert members.of_many(session, ["bone-and-beam"]) == {
            "bone-and-beam": {account("maja"): "lead", account("jonas"): "editor"}
        }
        assert {one.slug for one in store.partners_of(session, ["bone-and-beam"])["bone-and-beam"]} == {
            "company.hafnia-cell",
            "desy",
            "lund-university",
        }
    page = (await get(offices, "maja", "pilots/bone-and-beam?done=proposed")).text
    assert "The proposal is sent" in page
    queue = await get(offices, "henrik", "proposals")
    assert (queue.status_code, "Bone and beam" in queue.text, "Maja Lindqvist" in queue.text) == (200, True, True)


WRONG = {
    "title": {"title": ""},
    "question": {"question": "Hm"},
    "partners": {"partners": [], "other_name": [""]},
    "others.0": {"other_country": ["", ""]},
    "class": {"class": ""},
    "starts": {"starts": "soon"},
    "ends": {"ends": "2020-01-01"},
    "hours": {"hours": "many"},
    "slug": {"slug": "Knee MR"},
    "agreement": {"agreement_ends": ENDS},
    "people": {"person": [account("erik"), ""]},
}


@pytest.mark.parametrize("field", WRONG)
async def test_a_wrong_form_comes_back_as_it_was(offices: House, field: str) -> None:
    typed = a_form(**{"title": NASTY, "data_wanted": "Two\r\nlines", **WRONG[field]})
    answer = await send(offices, "maja", **typed)
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert f'<a href="#{field}">' in text, "the summary leads to the field"
    assert f'id="{field}"' in text
    assert f'id="{field}-wrong"' in text
    assert NASTY not in answer.text
    if field != "title":
        assert f'value="{NASTY}"' in text
    assert "lines</textarea>" in text
    if field not in ("partners", "others.0"):
        assert 'value="Hafnia Cell"' in text
        assert re.search(r'value="desy" checked', text)


async def test_what_was_typed_is_kept_when_rows_are_added(offices: House) -> None:
    answer = await send(offices, "maja", **a_form(title="", do="rows"))
    assert answer.status_code == 200
    assert answer.text.count('name="other_name"') == 5
    assert 'value="Hafnia Cell"' in answer.text
    assert 'role="alert"' not in answer.text


@pytest.mark.parametrize(
    ("persona", "status"), [(None, 302), ("nils", 403), ("maja", 200), ("greta", 200), ("henrik", 200)]
)
async def test_who_sees_the_form(offices: House, persona: str | None, status: int) -> None:
    answer = await get(offices, persona, "pilots/new")
    assert answer.status_code == status
    if status == 200:
        assert account("erik") not in answer.text or persona == "henrik", "strangers are not listed"
        assert 'href="' in answer.text


async def test_a_guest_whom_nobody_introduced_may_not_propose(offices: House) -> None:
    from kontor.people import store as people

    with offices.session() as session, session.begin():
        people.introduce(
            session,
            issuer="demo",
            subject="pia-0001@demo.kontor.localhost",
            display_name="P",
            partner=None,
            country=None,
        )
    offices.tokens["pia"] = offices.hub.user(account("pia"), "token-pia")
    assert (await get(offices, "pia", "pilots/new")).status_code == 403
    assert (await send(offices, "pia", **a_form())).status_code == 403


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"colour": "blue"}, 400, id="a field that is none"),
        pytest.param({"person": ["x"] * 60}, 400, id="sixty people"),
        pytest.param({"title": "x" * 1_000_000}, 422, id="a megabyte of title"),
        pytest.param({"title": "\x00"}, 422, id="nothing but a NUL"),
        pytest.param({"class": NASTY}, 422, id="markup as a choice"),
        pytest.param({"partners": [NASTY]}, 422, id="markup as a partner"),
        pytest.param({"hours": "1e999"}, 422, id="endless hours"),
        pytest.param({"starts": "0001-01-01", "ends": "9999-12-31"}, 422, id="years far off"),
        pytest.param({"slug": "knee-mr"}, 422, id="the short name of another"),
    ],
)
async def test_junk_is_refused(offices: House, form: dict[str, Any], status: int) -> None:
    answer = await send(offices, "maja", **a_form(**form))
    assert answer.status_code in (status, 409), answer.text[:500]
    assert NASTY not in answer.text
    assert pilot(offices, "bone-and-beam") is None


async def test_changing_a_pilot_and_being_too_late(offices: House) -> None:
    page = (await get(offices, "maja", "pilots/knee-mr/edit")).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    assert 'name="class"' not in page
    assert 'name="ends"' not in page
    assert 'name="title"' not in page
    form = {"facility": "First", "partners": ["desy"], "version": version[1]}
    first = await send(offices, "maja", "pilots/knee-mr/edit", **form, do="save")
    assert first.status_code == 303
    second = await send(offices, "maja", "pilots/knee-mr/edit", **{**form, "facility": f"Second {NASTY}"}, do="save")
    assert second.status_code == 409
    text = unescape(second.text)
    assert "Somebody changed the pilot while you typed" in text
    assert "<td>First</td>" in text
    assert f"Second {NASTY}" in text
    assert NASTY not in second.text
    fresh = re.search(r'name="version" value="(\d+)"', second.text)
    assert fresh is not None
    third = await send(offices, "maja", "pilots/knee-mr/edit", **{**form, "facility": "Second", "version": fresh[1]})
    assert third.status_code == 303
    now_there = pilot(offices, "knee-mr")
    assert now_there is not None
    assert now_there.facility == "Second"


@pytest.mark.parametrize(
    ("persona", "status"), [(None, 302), ("erik", 403), ("jonas", 403), ("maja", 200), ("henrik", 200)]
)
async def test_who_sees_the_form_for_changes(offices: House, persona: str | None, status: int) -> None:
    answer = await get(offices, persona, "pilots/knee-mr/edit")
    assert answer.status_code == status
    assert ('name="class"' in answer.text) == (persona == "henrik")
    assert ('name="title"' in answer.text) == (persona == "henrik")


@pytest.mark.parametrize(
    ("hours", "credits"), [("12,5", 12.5), ("0,125", 0.125), ("1,000", None), ("1e12", None), ("1,2,3", None)]
)
async def test_hours_with_a_decimal_comma(offices: House, hours: str, credits: float | None) -> None:
    answer = await send(offices, "maja", **a_form(slug="bone-and-beam", hours=hours))
    made = pilot(offices, "bone-and-beam")
    assert (made.credits if made else None) == credits
    assert ("No pilot gets as many hours" in answer.text) == (hours == "1e12")


@pytest.mark.parametrize(("persona", "status"), [(None, 302), ("maja", 403), ("nils", 403), ("henrik", 200)])
async def test_who_sees_the_queue(offices: House, persona: str | None, status: int) -> None:
    assert (await get(offices, persona, "proposals")).status_code == status


# -- API ----------------------------------------


async def test_proposing_and_changing_through_the_api(offices: House) -> None:
    made = await call(offices, "maja", "POST", "pilots", a_body(others=[_company()]))
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["slug"], found["state"], found["credits"], found["version"]) == (
        "bone-and-beam",
        "proposed",
        2000.0,
        1,
    )
    assert found["missing"] == ["academia", "hospital"]
    assert found["steps"] == ["withdraw"]
    changed = await call(
        offices, "maja", "PATCH", "pilots/bone-and-beam", {"version": 1, "class": "clinical", "agreement": "Ethics 1"}
    )
    assert (changed.status_code, changed.json()["class"], changed.json()["version"]) == (200, "clinical", 2)
    late = await call(offices, "maja", "PATCH", "pilots/bone-and-beam", {"version": 1, "title": "Too late"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile")
    again = await call(offices, "maja", "POST", "pilots", a_body(slug="bone-and-beam"))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "slug_taken")
    listed = (await call(offices, "henrik", "GET", "proposals?limit=1&offset=1")).json()
    assert (listed["total"], listed["limit"]) == (2, 1), "one came with the demo and waits longer"
    assert listed["items"][0]["slug"] == "bone-and-beam"
    assert "approve" in listed["items"][0]["steps"]


def _company() -> dict[str, str]:
    return {"name": "Hafnia Cell", "sector": "company", "country": "DK"}


@pytest.mark.parametrize(
    ("caller", "codes"),
    [
        ("nobody", (401, 401, 401, 401)),
        ("anke", (403, 403, 200, 403)),
        ("workspace", (403, 403, 200, 403)),
        ("cluster", (403, 403, 200, 403)),
        ("erik", (201, 403, 403, 403)),
        ("jonas", (201, 403, 200, 403)),
        ("maja", (201, 200, 200, 403)),
        ("henrik", (201, 200, 200, 200)),
    ],
)
async def test_who_may_what_through_the_api(offices: House, caller: str, codes: tuple[int, ...]) -> None:
    version = getattr(pilot(offices, "knee-mr"), "version", 0)
    found = [
        (await call(offices, caller, "POST", "pilots", a_body())).status_code,
        (await call(offices, caller, "PATCH", "pilots/knee-mr", {"version": version, "facility": "DESY"})).status_code,
        (await call(offices, caller, "GET", "pilots/knee-mr/plan")).status_code,
        (await call(offices, caller, "GET", "proposals")).status_code,
    ]
    assert tuple(found) == codes


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"title": "\u0000"},
        {"question": "x" * 1_000_000},
        {"class": "secret"},
        {"colour": "blue"},
        {"ends": "2020-01-01"},
        {"ends": "99999-01-01"},
        {"credits": -1},
        {"credits": 1e308},
        {"others": [{**_company(), "country": "??"}]},
        {"others": [_company()] * 11},
        {"people": [{"person": account("erik"), "role": "lead"}]},
        {"people": [{"person": "<b>", "role": "boss"}] * 51},
        {"partners": ["../../etc"]},
        {"slug": "pilots/../new"},
    ],
    ids=lambda change: str(change)[:60],
)
async def test_bad_proposals_through_the_api(offices: House, change: dict[str, Any]) -> None:
    answer = await call(offices, "maja", "POST", "pilots", a_body(**change))
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) == {"error"}
    assert pilot(offices, "bone-and-beam") is None


async def test_my_pilots_come_in_pages(offices: House) -> None:
    one = (await call(offices, "maja", "GET", "pilots?limit=1&offset=1")).json()
    assert (one["total"], one["offset"], one["limit"]) == (2, 1, 1)
    assert [found["slug"] for found in one["items"]] == ["sepsis-proteome"]
    assert (await call(offices, "maja", "GET", "pilots?limit=201")).status_code == 422
