"""The page Budget and its API: who sees and decides what, refusals that lose nothing, figures in words."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from kontor import names
from kontor.database import now as this_moment
from kontor.pilots import members, store
from kontor.pilots.budget import ledger, stages
from kontor.pilots.budget.ledger import Use
from kontor.pilots.budget.prices import Amount, Prices
from kontor.web.burndown import burndown
from tests.hub.web.house import NASTY, House, account

PILOT = "knee-mr"
ADDRESS = f"pilots/{PILOT}/budget"


@pytest.fixture
def house(house: House) -> House:
    """The pilot has used 90 credits of 4000: 60 Maja's, 30 of storage. Everybody has a token that may manage."""
    for persona in ("maja", "jonas", "anke", "greta", "erik", "nils", "ingrid", "henrik", "kari"):
        house.tokens[persona] = house.hub.user(account(persona), f"token-{persona}")
        house.hub.owners[house.tokens[persona]]["scopes"].append(names.MANAGE_SCOPE)
    with house.session() as session, session.begin():
        members.add(session, PILOT, account("greta"), "viewer")
        members.add(session, PILOT, account("kari"), "steward")
    use(house, 60.0, person=account("maja"))
    use(house, 30.0, kind="storage")
    return house


def use(house: House, credits: float, *, kind: str = "workspace", person: str = "") -> None:
    prices = Prices.of(house.site.settings.budget)
    with house.session() as session, session.begin():
        amount = Amount(core_seconds=credits * 3600)
        ledger.add(session, [Use(PILOT, kind, person, amount)], prices, now=this_moment())
        stages.advance(session, house.site.settings.budget, now=this_moment())


def use_up(house: House, *, extended: bool = False, over: bool = False) -> None:
    use(house, 4000.0)
    with house.session() as session, session.begin():
        row = session.get_one(store.PilotRow, PILOT)
        row.grace_extended = extended
        if over:
            row.grace_until = this_moment() - timedelta(seconds=1)
        session.flush()
        stages.advance(session, house.site.settings.budget, now=this_moment())


def pilot(house: House) -> store.Pilot:
    with house.session() as session:
        return store.get_one(session, PILOT)


async def get(house: House, persona: str | None, path: str = ADDRESS) -> httpx.Response:
    async with house.browser(persona) as browser:
        return await browser.get(house.prefix + path)


async def post(house: House, persona: str, path: str, **form: Any) -> httpx.Response:
    async with house.browser(persona) as browser:
        return await browser.post(house.prefix + path, data=form, headers={"Origin": house.origin})


async def api(house: House, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {house.tokens[who]}"} if who else {}
    async with house.browser() as browser:
        return await browser.request(method, f"{house.prefix}api/pilots/{path}", headers=headers, **more)


# -- who sees what


@pytest.mark.parametrize(
    ("persona", "status", "sees_people", "may_set"),
    [
        (None, 302, False, False),
        ("nils", 403, False, False),
        ("erik", 403, False, False),
        ("greta", 200, False, False),
        ("anke", 200, False, False),
        ("jonas", 200, False, False),
        ("maja", 200, True, False),
        ("kari", 200, True, False),
        ("henrik", 200, True, True),
        ("ingrid", 200, True, True),
    ],
)
async def test_who_sees_what(house: House, persona: str | None, status: int, sees_people: bool, may_set: bool) -> None:
    page = await get(house, persona)
    assert page.status_code == status or (persona is None and page.is_redirect)
    fragment = await get(house, persona, f"fragments/{ADDRESS}")
    table = await get(house, persona, f"{ADDRESS}/usage.csv")
    form = await get(house, persona, f"{ADDRESS}/credits")
    assert (table.status_code == 200) is sees_people
    assert (form.status_code == 200) is may_set
    if status == 200:
        for answer in (page, fragment):
            assert "2 % used" in re.sub(r"\s+", " ", answer.text)
            assert ("Who used it" in answer.text) is sees_people
            assert ("Maja" in re.sub(r"<header.*?</header>", "", answer.text, flags=re.S)) is sees_people
        assert (f"{ADDRESS}/credits" in page.text) is may_set
        assert "One core, busy for one hour: 1<" in page.text
    found = await api(house, persona, "GET", f"{PILOT}/budget")
    assert found.status_code == {302: 401}.get(status, status)
    if status == 200:
        assert (found.json()["people"] is not None) is sees_people
        usage = (await api(house, persona, "GET", f"{PILOT}/usage")).json()
        assert ({one["person"] for one in usage["items"]} == {None}) is not sees_people
        assert usage["total"] == len(usage["items"]) == 2


@pytest.mark.parametrize(("who", "slug", "status"), [
    ("workspace", PILOT, 200), ("cluster", PILOT, 200), ("workspace", "battery-neutrons", 403),
    ("maja", "battery-neutrons", 403), ("maja", "no-such-pilot", 404), ("maja", "A%00b", 422), ("gateway", PILOT, 403),
])  # fmt: skip
async def test_callers_of_the_api(house: House, who: str, slug: str, status: int) -> None:
    for path in ("budget", "usage"):
        answer = await api(house, who, "GET", f"{slug}/{path}")
        assert answer.status_code == status
        if status == 200:
            assert "Maja" not in answer.text


async def test_figures_of_the_api(house: House) -> None:
    found = (await api(house, "maja", "GET", f"{PILOT}/budget")).json()
    assert (found["credits"], found["used"], found["left"], found["percent"]) == (4000.0, 90.0, 3910.0, 2)
    assert (found["stage"], found["may_extend"], found["may_set"]) == ("fine", False, False)
    assert [(one["kind"], one["credits"], round(one["percent"])) for one in found["kinds"]] == [
        ("workspace", 60.0, 67),
        ("storage", 30.0, 33),
    ]
    assert [one["credits"] for one in found["people"]] == [60.0, 30.0]
    part = (await api(house, "maja", "GET", f"{PILOT}/usage", params={"offset": 1, "limit": 1})).json()
    assert (len(part["items"]), part["total"], part["offset"], part["limit"]) == (1, 2, 1, 1)
    for junk in ({"limit": 0}, {"offset": -1}, {"limit": "x"}):
        assert (await api(house, "maja", "GET", f"{PILOT}/usage", params=junk)).status_code == 422


async def test_the_table_of_use(house: House) -> None:
    answer = await get(house, "maja", f"{ADDRESS}/usage.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"{PILOT}-usage.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {(row["kind"], row["account"], float(row["credits"])) for row in rows} == {
        ("workspace", account("maja"), 60.0),
        ("storage", "", 30.0),
    }


# -- the notice on all pages


@pytest.mark.parametrize(
    ("stage", "says"),
    [("fine", None), ("warned", "82 % of the budget is used"), ("grace", "so the pilot is slowed"),
     ("stopped", "computing has stopped")],
)  # fmt: skip
async def test_the_notice(house: House, stage: str, says: str | None) -> None:
    if stage == "warned":
        use(house, 3200.0)
    elif stage != "fine":
        use_up(house, over=stage == "stopped")
    page = (await get(house, "jonas")).text
    assert ("budget-notice" in page) is (says is not None)
    if says:
        assert says in page
        assert page.count("computing has stopped") == (1 if stage == "stopped" else 0)


# -- more time


async def test_a_lead_gives_more_time_once(house: House) -> None:
    use_up(house)
    ends = pilot(house).grace_until
    page = await get(house, "maja")
    assert f"{ADDRESS}/grace" in page.text
    assert (await get(house, "maja", f"{ADDRESS}/grace")).text.count('name="hours"') == 1
    done = await post(house, "maja", f"{ADDRESS}/grace", hours="24", reason=f"Deadline {NASTY}")
    assert (done.status_code, done.headers["location"]) == (303, house.prefix + ADDRESS)
    assert ends is not None
    assert pilot(house).grace_until == ends + timedelta(hours=24)
    page = await get(house, "maja")
    assert f"{ADDRESS}/grace" not in page.text
    again = await post(house, "maja", f"{ADDRESS}/grace", hours="24", reason="And again")
    assert (again.status_code, "extended already" in again.text) == (409, True)
    refused = await api(house, "henrik", "POST", f"{PILOT}/budget/grace", json={"hours": 1, "reason": "Mine"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_extended")


@pytest.mark.parametrize("hours", ["0", "-3", "73", "nan", "", "1e3", "٣", "1.5", "9" * 400])
async def test_hours_that_cannot_be_come_back(house: House, hours: str) -> None:
    use_up(house)
    page = await post(house, "maja", f"{ADDRESS}/grace", hours=hours, reason=NASTY)
    assert page.status_code == 422
    assert 'aria-invalid="true" aria-describedby="hours-wrong"' in page.text
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(" in page.text
    assert f'value="{hours}"' in page.text
    assert pilot(house).grace_extended is False


@pytest.mark.parametrize("persona", ["nils", "erik", "greta", "jonas", "anke", "kari"])
async def test_nobody_else_gives_time(house: House, persona: str) -> None:
    use_up(house)
    assert (await get(house, persona, f"{ADDRESS}/grace")).status_code == 403
    assert (await post(house, persona, f"{ADDRESS}/grace", hours="1", reason="Please")).status_code == 403
    refused = await api(house, persona, "POST", f"{PILOT}/budget/grace", json={"hours": 1, "reason": "Please"})
    assert refused.status_code == 403
    assert pilot(house).grace_extended is False


async def test_time_after_the_stop_opens_the_pilot(house: House) -> None:
    use_up(house, over=True)
    assert pilot(house).mode() == "reading"
    done = await api(house, "maja", "POST", f"{PILOT}/budget/grace", json={"hours": 5, "reason": "One more day"})
    assert (done.status_code, done.json()["stage"], done.json()["may_extend"]) == (200, "grace", False)
    assert pilot(house).mode() == "working"


# -- credits


async def test_an_office_sets_the_credits(house: House) -> None:
    use_up(house, over=True)
    page = await get(house, "henrik", f"{ADDRESS}/credits")
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version
    assert 'value="4000"' in page.text
    form = {"credits": "9000.5", "reason": "Agreed in June", "version": version[1]}
    done = await post(house, "henrik", f"{ADDRESS}/credits", **form)
    assert done.status_code == 303
    assert (pilot(house).credits, pilot(house).mode(), pilot(house).grace_until) == (9000.5, "working", None)
    late = await post(house, "ingrid", f"{ADDRESS}/credits", **{**form, "credits": "1234", "reason": f"Late {NASTY}"})
    assert late.status_code == 409
    assert 'value="1234"' in late.text
    assert "9,000.5 credits" in late.text
    assert "Late &lt;script&gt;" in late.text
    assert f'name="version" value="{int(version[1]) + 1}"' in late.text
    assert pilot(house).credits == 9000.5


@pytest.mark.parametrize(
    "credits", ["0", "-1", "nan", "inf", "-inf", "1e5", "1_000", "", "2,500", "999999999999", "abc", "<b>", "٣"]
)
async def test_credits_that_cannot_be_come_back(house: House, credits: str) -> None:
    before = pilot(house)
    page = await post(house, "henrik", f"{ADDRESS}/credits", credits=credits, reason="Why not", version=before.version)
    assert page.status_code == 422
    assert "credits-wrong" in page.text
    assert "Why not" in page.text
    assert "<b>" not in page.text
    assert pilot(house) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"credits": NaN, "reason": "Why not", "version": 1}', 422),
        ('{"credits": Infinity, "reason": "Why not", "version": 1}', 422),
        ('{"credits": -5, "reason": "Why not", "version": 1}', 422),
        ('{"credits": 1e300, "reason": "Why not", "version": 1}', 422),
        ('{"credits": "5", "reason": "Why not", "version": 1}', 422),
        ('{"credits": true, "reason": "Why not", "version": 1}', 422),
        ('{"credits": 5, "reason": "  ", "version": 1}', 422),
        ('{"credits": 5, "reason": "Why not"}', 422),
        ('{"credits": 5, "reason": "Why not", "version": 1, "more": 1}', 422),
        ('{"credits": 5, "reason": "Why not", "version": 999}', 409),
        ("[]", 422),
        ("not json", 422),
    ],
)
async def test_bodies_that_cannot_be(house: House, body: str, status: int) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {house.tokens['henrik']}"}
    async with house.browser() as browser:
        answer = await browser.put(f"{house.prefix}api/{ADDRESS}", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["status"] == status
    assert pilot(house).credits == 4000.0


@pytest.mark.parametrize("persona", ["nils", "erik", "greta", "jonas", "maja", "kari"])
async def test_nobody_else_sets_credits(house: House, persona: str) -> None:
    version = pilot(house).version
    body = {"credits": 9.0, "reason": "Because", "version": version}
    assert (await api(house, persona, "PUT", f"{PILOT}/budget", json=body)).status_code == 403
    assert (await post(house, persona, f"{ADDRESS}/credits", **body)).status_code == 403
    assert pilot(house).credits == 4000.0


async def test_a_narrow_token_and_another_origin_change_nothing(house: House) -> None:
    house.hub.owners[house.tokens["henrik"]]["scopes"].remove(names.MANAGE_SCOPE)
    body = {"credits": 9.0, "reason": "Because", "version": pilot(house).version}
    refused = await api(house, "henrik", "PUT", f"{PILOT}/budget", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "narrow_token")
    async with house.browser("henrik") as browser:
        for path in ("credits", "grace"):
            elsewhere = {"Origin": "http://ws-knee-mr.kontor.localhost"}
            answer = await browser.post(f"{house.prefix}{ADDRESS}/{path}", data=body, headers=elsewhere)
            assert answer.status_code == 403
    assert pilot(house).credits == 4000.0


# -- the picture


def test_the_picture_goes_from_all_to_what_is_left() -> None:
    days = {date(2026, 6, 1): 10.0, date(2026, 6, 3): 15.0}
    found = burndown(days, 100.0, 5.0, starts=date(2026, 6, 1), ends=date(2026, 6, 11), today=date(2026, 6, 6))
    assert found.left.split()[0] == "70,14"
    assert found.left.split()[-1] == f"{found.today:g},62"
    assert found.even == "70,14 628,206"
    assert found.ahead.split()[-1] == "628,110"


@pytest.mark.parametrize(
    ("days", "credits", "per_day", "ends"),
    [({}, 100.0, 0.0, None), ({}, 0.0, 1.0, None), ({date(2026, 6, 1): 500.0}, 100.0, 9.0, date(2026, 6, 2)),
     ({date(2026, 6, 6): 1.0}, 100.0, 1e9, date(2026, 6, 6)), ({}, 1e9, 1e-9, date(2099, 1, 1))],
    ids=["nothing", "no budget", "over in every way", "gone at once", "for ages"],
)  # fmt: skip
def test_pictures_of_odd_pilots_stay_in_the_frame(
    days: dict[date, float], credits: float, per_day: float, ends: date | None
) -> None:
    found = burndown(days, credits, per_day, starts=date(2026, 6, 1), ends=ends, today=date(2026, 6, 6))
    for line in (found.left, found.even, found.ahead):
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 70 <= x <= 628
            assert 14 <= y <= 206
    assert datetime(2026, 1, 1, tzinfo=UTC).date() < found.last
