"""Steps of a pilot's life on its pages and through the API: who sees and takes which, and what is closed in between."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kontor.audit import trail
from kontor.database import now
from kontor.names import MANAGE_SCOPE
from kontor.pilots import lifecycle, members, store
from kontor.pilots.lifecycle import day_of
from kontor.pilots.model import STATES
from tests.hub.web.house import NASTY, House, account

WHY = "For the reasons that we talked about."


def enter(house: House, persona: str) -> None:
    house.tokens.setdefault(persona, house.hub.user(account(persona), f"token-{persona}"))


@pytest.fixture
def offices(house: House) -> House:
    """The house with its steward and its operator."""
    for persona in ("henrik", "ingrid"):
        enter(house, persona)
    return house


def put(house: House, state: str, slug: str = "knee-mr", **values: Any) -> None:
    with house.session() as session, session.begin():
        pilot = store.get_one(session, slug)
        store.create(session, store.Pilot(**{**vars(pilot), "state": state, **values}))


def found(house: House, slug: str = "knee-mr") -> store.Pilot:
    with house.session() as session:
        return store.get_one(session, slug)


async def post(house: House, persona: str, path: str, **form: str) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.post(house.prefix + path, data=form, headers={"Origin": house.origin})


async def get(house: House, persona: str | None, path: str) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


async def step(house: House, persona: str, name: str, **form: str) -> httpx.Response:
    given = {"step": name, "version": str(found(house).version), "reason": WHY, "confirmed": "yes", **form}
    return await post(house, persona, "pilots/knee-mr/steps", **given)


async def test_the_whole_life_on_pages(offices: House) -> None:
    put(offices, "proposed")
    page = (await get(offices, "henrik", "pilots/knee-mr")).text
    assert "Your decision" in page
    approved = await step(offices, "henrik", "approve")
    assert (approved.status_code, approved.headers["location"]) == (
        303,
        f"{offices.prefix}pilots/knee-mr?done=approve",
    )
    after = (await get(offices, "henrik", "pilots/knee-mr?done=approve")).text
    assert "Approved." in after
    assert 'name="step" value="take-back"' in after
    for persona, name, state in (
        ("henrik", "take-back", "proposed"),
        ("ingrid", "approve", "approved"),
        ("maja", "start", "active"),
        ("maja", "close", "closing"),
        ("maja", "reopen", "active"),
        ("henrik", "close", "closing"),
        ("maja", "archive", "archived"),
        ("henrik", "restore", "closing"),
    ):
        answer = await step(offices, persona, name)
        assert (answer.status_code, found(offices).state) == (303, state), (name, answer.text)
        undo = lifecycle.STEPS[_origin(name, state), name].undo
        shown = (await get(offices, persona, answer.headers["location"].removeprefix(offices.prefix))).text
        who = frozenset({"lead" if persona == "maja" else "office"})
        assert ('id="undo"' in shown) == (undo in lifecycle.steps_for(state, who)), name


def _origin(name: str, state: str) -> str:
    return next(origin for (origin, one), to in lifecycle.STEPS.items() if one == name and to.to == state)


@pytest.mark.parametrize("name", ["start", "close", "archive", "withdraw"])
async def test_what_loses_something_asks_first(offices: House, name: str) -> None:
    origin = next(state for state, one in lifecycle.STEPS if one == name)
    put(offices, origin)
    asked = await step(offices, "maja", name, confirmed="")
    assert (asked.status_code, found(offices).state) == (200, origin)
    assert 'name="confirmed" value="yes"' in asked.text
    page = await get(offices, "maja", f"pilots/knee-mr/steps/{name}")
    assert page.status_code == 200
    assert page.text.count("<li>") >= 1


@pytest.mark.parametrize("state", STATES)
async def test_the_buttons_are_the_steps_that_one_may_take(offices: House, state: str) -> None:
    put(offices, state)
    for persona, who in (("maja", "lead"), ("jonas", None), ("henrik", "office")):
        page = (await get(offices, persona, "pilots/knee-mr")).text
        shown = set(re.findall(r'id="step-([a-z-]+)"', page)) | set(
            re.findall(r'<button[^>]* name="step" value="([a-z-]+)"', page)
        )
        assert shown == set(lifecycle.steps_for(state, frozenset({who} if who else ()))), persona
        for name in {one for _state, one in lifecycle.STEPS}:
            answer = await get(offices, persona, f"pilots/knee-mr/steps/{name}")
            yes = 303 if name in ("approve", "decline") else 200
            expected = yes if name in shown else 409 if (state, name) not in lifecycle.STEPS else 403
            assert answer.status_code == expected, (persona, name)
    assert (await get(offices, "erik", "pilots/knee-mr/steps/close")).status_code == 403
    assert (await get(offices, None, "pilots/knee-mr/steps/close")).status_code == 302


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        pytest.param({"reason": ""}, 422, "Please fill this in", id="no reason"),
        pytest.param({"reason": NASTY * 200}, 422, "shorten it", id="long reason with markup"),
        pytest.param({"ends": "tomorrow"}, 422, "year-month-day", id="no day"),
        pytest.param({"ends": "2001-01-01"}, 422, "after today", id="a day in the past"),
        pytest.param({"ends": "2001-01-01", "version": "99"}, 409, "Somebody else has changed", id="an old version"),
        pytest.param({"step": "approve", "ends": "2001-01-01"}, 409, "cannot do this", id="no such step now"),
        pytest.param({"step": "explode"}, 404, "no such step", id="no such step at all"),
        pytest.param({"version": "x"}, 422, "cannot be used", id="no version"),
        pytest.param({"version": "-1"}, 422, "cannot be used", id="version below none"),
    ],
)
async def test_refused_steps_come_back_filled_in(offices: House, form: dict[str, str], status: int, words: str) -> None:
    before = found(offices)
    answer = await step(offices, "maja", form.pop("step", "extend"), **form)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert found(offices) == before
    assert "<script>alert" not in answer.text
    if status == 422 and "ends" in form:
        assert WHY in answer.text


async def test_a_steward_does_not_decide_on_their_own_clinical_pilot(offices: House) -> None:
    put(offices, "proposed", class_="clinical", proposed_by=account("henrik"))
    page = (await get(offices, "henrik", "pilots/knee-mr")).text
    assert "Your decision" not in page
    assert 'value="approve"' not in page
    assert (await get(offices, "henrik", "pilots/knee-mr/steps/approve")).status_code == 403
    answer = await step(offices, "henrik", "approve")
    assert (answer.status_code, "somebody else has to decide" in answer.text) == (403, True)
    assert found(offices).state == "proposed"
    where = (await get(offices, "ingrid", "pilots/knee-mr/steps/approve")).headers["location"]
    assert where == f"{offices.prefix}pilots/knee-mr#decision"
    page = (await get(offices, "ingrid", "pilots/knee-mr")).text
    assert 'id="decision"' in page


async def test_a_lead_removed_meanwhile_takes_no_step(offices: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from kontor.web import steps as pages

    hold = pages.held

    def removed_just_before(session: Any, slug: str) -> Any:
        row = hold(session, slug)
        members.set_role(session, slug, account("maja"), "viewer")
        return row

    monkeypatch.setattr(pages, "held", removed_just_before)
    assert (await step(offices, "maja", "close")).status_code == 403
    assert found(offices).state == "active"


async def test_a_closed_pilot_shows_its_real_end(offices: House) -> None:
    put(offices, "closing", closed_on=date(2026, 7, 7), ends=date(2026, 12, 24))
    page = (await get(offices, "maja", "pilots/knee-mr")).text
    assert "to 7 July 2026" in page
    assert "to 24 December 2026" not in page


async def test_an_extension_can_be_taken_back(offices: House) -> None:
    was = found(offices).ends
    assert was is not None
    later = was + timedelta(days=30)
    answer = await step(offices, "maja", "extend", ends=later.isoformat())
    page = (await get(offices, "maja", answer.headers["location"].removeprefix(offices.prefix))).text
    assert f'name="ends" value="{was}"' in page
    assert found(offices).ends == later
    await step(offices, "maja", "extend", ends=was.isoformat())
    assert found(offices).ends == was


async def test_two_leads_at_once(offices: House) -> None:
    version = str(found(offices).version)
    later = day_of(now()) + timedelta(days=40)
    first = await step(offices, "maja", "extend", ends=later.isoformat(), version=version)
    second = await step(offices, "henrik", "close", version=version, reason="My own words")
    assert (first.status_code, second.status_code) == (303, 409)
    assert "My own words" in second.text
    assert (found(offices).state, found(offices).ends) == ("active", later)


async def test_pages_of_other_sites_change_nothing(offices: House) -> None:
    async with offices.browser("maja") as client:
        form = {"step": "close", "version": "1", "reason": WHY, "confirmed": "yes"}
        for path in ("steps", "export", "deletion", "edit"):
            answer = await client.post(
                f"{offices.prefix}pilots/knee-mr/{path}",
                data=form,
                headers={"Origin": "http://ws-knee-mr.kontor.localhost"},
            )
            assert answer.status_code == 403, path
    assert found(offices).state == "active"


# path -> what a lead gets in the modes planning, working, reading (closing) and record
CLOSED = {
    ("GET", "fragments/pilots/knee-mr/clusters"): (403, 200, 200, 403),
    ("POST", "pilots/knee-mr/clusters"): (403, 303, 403, 403),
    ("GET", "pilots/knee-mr/workspace"): (403, 303, 403, 403),
    ("POST", "pilots/knee-mr/workspace"): (403, 303, 403, 403),
    ("GET", "pilots/knee-mr/workspace/opening"): (403, 200, 403, 403),
    ("GET", "fragments/pilots/knee-mr/opening"): (403, 200, 403, 403),
    ("GET", "data/knee-mr/brain-mr/preview.png"): (403, 200, 200, 403),
    ("POST", "pilots/knee-mr/export"): (403, 200, 200, 403),
}


@pytest.mark.parametrize("at", range(4), ids=["planning", "working", "reading", "record"])
async def test_what_is_closed_is_closed_on_the_server(offices: House, at: int) -> None:
    put(offices, ("approved", "active", "closing", "archived")[at])
    async with offices.browser("maja") as client:
        for (method, path), statuses in CLOSED.items():
            form = {"do": "start"} if path.endswith("clusters") and method == "POST" else None
            answer = await client.request(method, offices.prefix + path, data=form, headers={"Origin": offices.origin})
            assert answer.status_code == statuses[at], path
        page = (await client.get(f"{offices.prefix}pilots/knee-mr")).text
    assert ("Start a cluster" in page, 'id="workspace"' in page) == (at == 1, at == 1)
    assert ("kontor.open_dataset" in page, "preview.png" in page) == (at == 1, at in (1, 2))
    assert ("CC0" in page) == (at != 0)


async def test_an_office_sees_the_page_and_no_data(offices: House) -> None:
    page = (await get(offices, "henrik", "pilots/knee-mr")).text
    assert "From proposal to archive" in page
    for words in ("kontor.open_dataset", "preview.png", "Start a cluster", "Open workspace", "CC0"):
        assert words not in page
    for path in ("fragments/pilots/knee-mr/clusters", "pilots/knee-mr/workspace", "data/knee-mr/brain-mr/preview.png"):
        assert (await get(offices, "henrik", path)).status_code == 403, path


@pytest.mark.parametrize(
    ("persona", "class_", "status"),
    [
        ("maja", "standard", 200),
        ("jonas", "standard", 403),
        ("erik", "standard", 403),
        ("maja", "clinical", 403),
        ("henrik", "clinical", 403),
        ("henrik", "sensitive", 403),
    ],
)
async def test_taking_files_along(offices: House, persona: str, class_: str, status: int) -> None:
    put(offices, "active", class_=class_)
    folder = offices.site.pilot_folders / "knee-mr"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("hello")
    answer = await post(offices, persona, "pilots/knee-mr/export")
    assert answer.status_code == status
    with offices.session() as session:
        told = trail.latest(session, ["knee-mr"], actions={"pilot_exported"})
    assert [(one.actor, one.details) for one in told] == ([(account(persona), {"files": 1})] if status == 200 else [])
    if status == 200:
        assert answer.headers["content-disposition"] == 'attachment; filename="knee-mr.zip"'
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert names == ["files/notes.txt", "manifest.json", "ro-crate-metadata.json"]


async def test_deleting_before_the_day(offices: House) -> None:
    assert (await get(offices, "henrik", "pilots/knee-mr/deletion")).status_code == 409
    put(offices, "archived", archived_on=day_of(now()))
    version = str(found(offices).version)
    for persona in ("maja", "erik"):
        assert (await get(offices, persona, "pilots/knee-mr/deletion")).status_code == 403
        answer = await post(offices, persona, "pilots/knee-mr/deletion", version=version, typed="knee-mr")
        assert answer.status_code == 403
    wrong = await post(offices, "henrik", "pilots/knee-mr/deletion", version=version, typed="<b>knee")
    assert (wrong.status_code, "&lt;b&gt;knee" in wrong.text) == (409, True)
    assert found(offices).deletion_asked is None
    right = await post(offices, "henrik", "pilots/knee-mr/deletion", version=version, typed="knee-mr")
    assert right.status_code == 303
    assert found(offices).deletion_asked is not None
    page = (await get(offices, "henrik", "pilots/knee-mr")).text
    assert "are being deleted" in page
    assert "/deletion" not in page


async def test_the_notice_says_only_what_we_say(offices: House) -> None:
    text = (await get(offices, "maja", f"pilots/knee-mr?done={'%3Cb%3E'}&was=x")).text
    assert "<b>" not in text
    assert 'id="undo"' not in text
    assert 'id="undo"' not in (await get(offices, "maja", "pilots/knee-mr?done=approve")).text


# -- API ----------------------------------------


@pytest.fixture
def managers(offices: House) -> House:
    """The same, with tokens that may change things."""
    for persona in ("maja", "jonas", "erik", "henrik"):
        offices.hub.owners[offices.tokens[persona]]["scopes"].append(MANAGE_SCOPE)
    return offices


async def call(house: House, caller: str, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {house.tokens.get(caller, 'nobody')}"}
    async with house.browser() as client:
        return await client.request(method, f"{house.prefix}api/{path}", json=body, headers=headers)


async def test_steps_through_the_api(managers: House) -> None:
    plan = (await call(managers, "maja", "GET", "pilots/knee-mr/plan")).json()
    assert (plan["state"], plan["mode"], plan["steps"]) == ("active", "working", ["extend", "close"])
    assert [one["kind"] for one in plan["milestones"]] == ["proposed", "starts", "ends", "archive", "deletion"]
    body = {"step": "close", "version": plan["version"], "reason": WHY}
    done = await call(managers, "maja", "POST", "pilots/knee-mr/steps", body)
    assert (done.status_code, done.json()["state"], done.json()["mode"]) == (200, "closing", "reading")
    again = await call(managers, "maja", "POST", "pilots/knee-mr/steps", body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "changed_meanwhile")


@pytest.mark.parametrize(
    ("caller", "status", "code"),
    [
        ("nobody", 401, "not_signed_in"),
        ("anke", 403, "narrow_token"),
        ("workspace", 403, "wrong_caller"),
        ("cluster", 403, "wrong_caller"),
        ("erik", 403, "not_a_member"),
        ("jonas", 403, "may_not_step"),
        ("maja", 200, None),
        ("henrik", 200, None),
    ],
)
async def test_who_takes_a_step_through_the_api(managers: House, caller: str, status: int, code: str | None) -> None:
    body = {"step": "close", "version": found(managers).version, "reason": WHY}
    answer = await call(managers, caller, "POST", "pilots/knee-mr/steps", body)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["error"]["code"] == code
    assert (found(managers).state == "closing") == (status == 200)


@pytest.mark.parametrize(
    "change",
    [
        {"step": "explode"},
        {"step": ""},
        {"version": -1},
        {"version": 2**40},
        {"version": "one"},
        {"reason": "x" * 1_000_000},
        {"reason": "\x00\x00\x00"},
        {"ends": "soon"},
        {"colour": "blue"},
    ],
    ids=str,
)
async def test_bad_steps_through_the_api(managers: House, change: dict[str, Any]) -> None:
    body = {"step": "close", "version": found(managers).version, "reason": WHY, **change}
    answer = await call(managers, "maja", "POST", "pilots/knee-mr/steps", body)
    assert answer.status_code in (409, 422)
    assert set(answer.json()) == {"error"}
    assert found(managers).state == "active"


@pytest.mark.parametrize("slug", ["..%2Fx", "Knee", "a", "x" * 28, "%00", "nowhere"])
async def test_junk_for_a_pilot_is_no_failure(managers: House, slug: str) -> None:
    for method, path, body in (
        ("GET", "plan", None),
        ("POST", "steps", {"step": "close", "version": 1}),
        ("PATCH", "", {"version": 1, "title": "T"}),
    ):
        answer = await call(managers, "maja", method, f"pilots/{slug}/{path}".rstrip("/"), body)
        assert answer.status_code in (404, 405, 422), (slug, path)


async def test_members_of_a_pilot_that_is_not_open_are_no_owners(managers: House) -> None:
    with managers.session() as session:
        assert "knee-mr" in members.all_working(session)
    put(managers, "closing")
    with managers.session() as session:
        assert "knee-mr" not in members.all_working(session)
