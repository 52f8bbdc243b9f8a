"""The pages of the log and its API: who reads it, what is listed, the document that one can take along."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from kontor.audit import proof, reading, trail, witness
from kontor.audit.reading import Wanted
from kontor.database import now
from kontor.pilots import members, store
from tests.hub.web.callers import PEOPLE, fill_roles
from tests.hub.web.house import NASTY, House, account

LOG = "pilots/knee-mr/log"
EXPORTED = Wanted(actions=frozenset({"log_exported"}))


@pytest.fixture
def filled(house: House) -> House:
    """The house with everybody in it, and a log of knee-mr that has something of each kind."""
    fill_roles(house)
    with house.session() as session, session.begin():
        maja = account("maja")
        for minutes in range(60):
            trail.record(
                session,
                "cluster_started",
                actor=maja,
                pilot="knee-mr",
                now=now() - timedelta(minutes=minutes),
                workers=2,
            )
        trail.record(session, "file_deleted", actor=maja, pilot="knee-mr", path=NASTY)
        trail.record(session, "lab_started", actor=account("erik"))
    return house


async def ask(house: House, persona: str | None, method: str, path: str, **form: str) -> Any:
    async with house.browser(persona) as client:
        return await client.request(
            method, house.prefix + path, headers={"Origin": house.origin}, data=form or None, follow_redirects=False
        )


def exports(house: House) -> list[Any]:
    with house.session() as session:
        return reading.entries(session, EXPORTED)


# who -> (pilot's log, its export, the whole log, its export)
ROUTES = (("GET", LOG), ("POST", LOG), ("GET", "log"), ("POST", "log"))
TABLE = {
    "nobody": (302, 401, 302, 401),
    "stranger": (403, 403, 403, 403),
    "other": (403, 403, 403, 403),
    "viewer": (403, 403, 403, 403),
    "reviewer": (403, 403, 403, 403),
    "runner": (403, 403, 403, 403),
    "editor": (403, 403, 403, 403),
    "lead": (200, 200, 403, 403),
    "pilot-steward": (200, 200, 403, 403),
    "steward": (200, 200, 200, 200),
    "operator": (200, 200, 200, 200),
}


@pytest.mark.parametrize("who", TABLE)
async def test_who_reads_the_pages(filled: House, who: str) -> None:
    found = [(await ask(filled, PEOPLE.get(who), *route)).status_code for route in ROUTES]
    assert tuple(found) == TABLE[who]
    assert len(exports(filled)) == TABLE[who].count(200) // 2


API = (
    ("GET", "api/pilots/knee-mr/audit"),
    ("POST", "api/pilots/knee-mr/audit/export"),
    ("GET", "api/audit"),
    ("POST", "api/audit/export"),
)


@pytest.mark.parametrize("who", [*TABLE, "lab", "workspace", "cluster"])
async def test_who_reads_the_api(filled: House, who: str) -> None:
    expected = {"nobody": (401,) * 4, "lab": (200, 403, 403, 403)}.get(who, TABLE.get(who, (403,) * 4))
    token = filled.tokens.get(PEOPLE.get(who, who), "")
    headers = {"Authorization": f"Bearer {token}"} if who != "nobody" else {}
    async with filled.browser() as client:
        found = [(await client.request(m, filled.prefix + path, headers=headers)).status_code for m, path in API]
    assert tuple(found) == expected
    assert len(exports(filled)) == expected.count(200) // 2


async def test_a_member_is_told_why_not(filled: House) -> None:
    text = (await ask(filled, "jonas", "GET", LOG)).text
    assert "The log of a pilot is for its leads and stewards. Your role here is editor." in text


async def test_the_lead_of_an_archived_pilot_still_reads_its_log(filled: House) -> None:
    assert (await ask(filled, "maja", "GET", "pilots/long-ago/log")).status_code == 200


async def test_who_was_lead_reads_no_longer(filled: House) -> None:
    with filled.session() as session, session.begin():
        members.set_role(session, "knee-mr", account("maja"), "editor")
    assert (await ask(filled, "maja", "GET", LOG)).status_code == 403


async def test_only_this_pilot_is_in_its_log(filled: House) -> None:
    with filled.session() as session, session.begin():
        trail.record(session, "cluster_started", actor=account("erik"), pilot="battery-neutrons", workers=77)
    text = (await ask(filled, "maja", "GET", LOG)).text
    assert "77 workers" not in text
    assert account("erik") not in text, "nor the people of another pilot in what there is to choose"
    whole = (await ask(filled, "henrik", "GET", "log")).text
    assert "77 workers" in whole
    assert "started their lab" in whole


async def test_the_list_and_its_pages(filled: House) -> None:
    with filled.session() as session:
        total = reading.count(session, Wanted(pilot="knee-mr"))
    first = (await ask(filled, "maja", "GET", LOG)).text
    assert f"Entries 1 to 50 of {total}, newest first" in first
    assert first.count("<tr") == 51
    assert "Maja Lindqvist started a cluster with 2 workers." in first
    assert "Skåne University Hospital" in first
    assert f'href="{filled.prefix}{LOG}?page=2#list"' in first
    second = (await ask(filled, "maja", "GET", LOG + "?page=2")).text
    assert f"Entries 51 to {total} of {total}" in second
    assert f"Entries 51 to {total} of {total}" in (await ask(filled, "maja", "GET", LOG + "?page=900")).text


async def test_markup_in_an_entry_is_text(filled: House) -> None:
    for persona, method, path in (("maja", "GET", LOG), ("henrik", "GET", "log"), ("maja", "POST", LOG)):
        text = (await ask(filled, persona, method, path)).text
        assert NASTY not in text
        assert "&lt;script&gt;alert" in text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("query", "says", "not_says"),
    [
        pytest.param("group=computing", "started a cluster", "joined as", id="group"),
        pytest.param(f"person={account('jonas')}", "Jonas Petersen joined as editor", "started a cluster", id="person"),
        pytest.param("dataset=knee-mr/brain-mr", "New data:", "joined as", id="data set"),
        pytest.param("until=2020-01-01", "There is no such entry.", "joined as", id="long ago"),
        pytest.param("from=2020-01-01&group=members", "joined as", "started a cluster", id="day and group"),
    ],
)
async def test_filters(filled: House, query: str, says: str, not_says: str) -> None:
    answer = await ask(filled, "maja", "GET", f"{LOG}?{query}")
    assert answer.status_code == 200
    assert says in answer.text
    assert not_says not in answer.text
    assert "selected>" in answer.text or 'value="20' in answer.text


async def test_the_whole_log_by_pilot(filled: House) -> None:
    text = (await ask(filled, "ingrid", "GET", "log?pilot=knee-mr&group=members")).text
    assert "joined as" in text
    assert f'href="{filled.prefix}pilots/knee-mr/log"' in text
    assert f'href="{filled.prefix}pilots/membrane-proteins/log"' not in text


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("from=yesterday", "first", "Write the day as year, month and day"),
        ("until=2026-02-30", "last", "Write the day as year, month and day"),
        ("from=2026-06-02&until=2026-06-01", "last", "The last day is before the first"),
        ("from=0001-01-01", "first", "Choose a day between the years 2000 and 2999"),
        ("person=nobody-here", "person", "This is not in the list"),
        (f"person={account('erik')}", "person", "This is not in the list"),
        ("group=sneezes", "group", "This is not in the list"),
        ("dataset=%22%3E%3Cb%3E", "dataset", "This is not in the list"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(filled: House, query: str, field: str, says: str) -> None:
    answer = await ask(filled, "maja", "GET", f"{LOG}?{query}")
    assert answer.status_code == 422
    assert re.search(rf'aria-invalid="true" aria-describedby="w-{field}"', answer.text)
    assert re.search(rf'id="w-{field}">{says}', answer.text)
    assert "started a cluster" not in answer.text
    for value in re.findall(r"=([^&]+)", query):
        if not value.startswith("%"):
            assert f'value="{value}"' in answer.text or field == "group", "what was typed is there"
    assert (await ask(filled, "maja", "POST", LOG, **dict(re.findall(r"(\w+)=([^&]+)", query)))).status_code == 422
    assert exports(filled) == []


async def test_the_picture_counts_the_last_thirty_days(filled: House) -> None:
    with filled.session() as session, session.begin():
        long_ago = now() - timedelta(days=29)
        for _ in range(3):
            trail.record(session, "workspace_opened", actor=account("maja"), pilot="knee-mr", now=long_ago)
        trail.record(
            session, "workspace_opened", actor=account("maja"), pilot="knee-mr", now=now() - timedelta(days=40)
        )
    text = (await ask(filled, "maja", "GET", LOG)).text
    bars = re.findall(r'<rect class="bar"[^>]*height="([\d.]+)"><title>([^<]*): (\d+)</title>', text)
    assert len(bars) == 30
    assert bars[0][2] == "3"
    assert max(float(height) for height, _, _ in bars) == 66
    assert "Entries per day in the last 30 days; the most were" in text


async def test_the_document(filled: House) -> None:
    witness.note(filled.site)
    answer = await ask(filled, "maja", "POST", LOG, group="members")
    assert answer.status_code == 200
    assert re.fullmatch(
        r'attachment; filename="kontor-log-knee-mr-\d{4}-\d\d-\d\d.html"', answer.headers["content-disposition"]
    )
    text = answer.text
    assert re.search(r"<script|\ssrc=|\shref=|\son[a-z]+=|url\(|@import", text) is None
    assert "<title>Log · " in text
    assert "member_added · Jonas Petersen, Rigshospitalet" in text
    for said in ("Made by", "Maja Lindqvist, Skåne University Hospital", "Members and invitations", "Jonas Petersen"):
        assert said in text
    with filled.session() as session:
        found = proof.verify(session, witness.file_of(filled.site.state))
        (entry,) = reading.entries(session, EXPORTED)
        before = reading.entries(session, Wanted())[1]
    assert found.holds
    assert "<strong>Yes.</strong> The log is complete and unchanged" in text
    assert before.hash in text, "the head is that of the log as it was exported"
    assert "started a cluster" not in text
    assert "<code>member_added</code>" in text
    assert "… joined as …." in text
    assert (entry.actor, entry.pilot, entry.details["chain"]) == (account("maja"), "knee-mr", "holds")


async def test_a_form_from_another_page_exports_nothing(filled: House) -> None:
    async with filled.browser("maja") as client:
        answer = await client.post(filled.prefix + LOG, headers={"Origin": "http://ws-knee-mr.kontor.localhost:8000"})
    assert answer.status_code == 403
    assert exports(filled) == []


async def test_a_log_too_long_for_one_document(filled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kontor.pilots.logbook.export.MOST", 5)
    answer = await ask(filled, "maja", "POST", LOG)
    assert answer.status_code == 400
    assert "one document takes 5. Choose fewer days." in answer.text
    assert exports(filled) == []


async def api(house: House, persona: str, method: str, path: str) -> Any:
    async with house.browser() as client:
        headers = {"Authorization": f"Bearer {house.tokens[persona]}"}
        return await client.request(method, f"{house.prefix}api/{path}", headers=headers)


async def test_the_api_pages_through(filled: House) -> None:
    numbers: list[int] = []
    while True:
        page = (await api(filled, "maja", "GET", f"pilots/knee-mr/audit?limit=20&offset={len(numbers)}")).json()
        assert (page["limit"], page["offset"]) == (20, len(numbers))
        if not page["items"]:
            break
        numbers += [one["number"] for one in page["items"]]
    assert len(numbers) == page["total"] == len(set(numbers))
    assert numbers == sorted(numbers, reverse=True)


async def test_an_entry_in_the_api(filled: House) -> None:
    page = (await api(filled, "henrik", "GET", f"audit?person={account('jonas')}&group=members")).json()
    (entry,) = [one for one in page["items"] if one["pilot"] == "knee-mr"]
    assert entry["text"] == "Jonas Petersen joined as editor."
    assert (entry["actor"], entry["actor_name"], entry["person_name"]) == ("kontor", "Kontor", "Jonas Petersen")
    assert entry["details"] == {"role": "editor"}
    assert len(entry["hash"]) == len(entry["previous"]) == 64


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=yesterday", 422, "bad_request"),
        ("from=2026-06-02&until=2026-06-01", 400, "bad_dates"),
        ("until=9999-12-31", 400, "bad_dates"),
        ("group=sneezes", 400, "unknown_group"),
        ("person=%00", 422, "bad_request"),
        ("dataset=a%20b", 422, "bad_request"),
        ("limit=201", 422, "bad_request"),
    ],
)
async def test_the_api_refuses(filled: House, query: str, status: int, code: str) -> None:
    for method, path in (("GET", "pilots/knee-mr/audit"), ("GET", "audit")):
        answer = await api(filled, "ingrid", method, f"{path}?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_the_document_of_the_api(filled: House) -> None:
    answer = await api(filled, "maja", "POST", "pilots/knee-mr/audit/export?group=members")
    made = answer.json()
    assert made["chain"]["holds"] is True
    assert made["made_by"] == "Maja Lindqvist"
    assert [one["number"] for one in made["entries"]] == sorted(one["number"] for one in made["entries"])
    assert set(made["glossary"]) == {one["action"] for one in made["entries"]}
    assert len(exports(filled)) == 1


async def test_keys_are_told_once_an_hour(filled: House) -> None:
    for persona in ("jonas", "jonas", "workspace", "cluster", "workspace"):
        assert (await api(filled, persona, "GET", "store/credentials/knee-mr")).status_code == 200
    with filled.session() as session:
        told = reading.entries(session, Wanted(actions=frozenset({"data_attached"})))
    assert [(one.actor, one.pilot, one.details) for one in told] == [
        ("ws-knee-mr", "knee-mr", {"role": "editor"}),
        (account("jonas"), "knee-mr", {"role": "editor"}),
    ]
    assert (await api(filled, "erik", "GET", "store/credentials/knee-mr")).status_code == 403
    with filled.session() as session:
        assert reading.count(session, Wanted(actions=frozenset({"data_attached"}))) == 2
        assert store.get(session, "knee-mr") is not None
