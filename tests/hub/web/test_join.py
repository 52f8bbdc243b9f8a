"""Coming in by an invitation: the link, the door, the waiting room, the answer."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx
import pytest

from kontor import names
from kontor.pilots import members
from kontor.web.secret_paths import NoTokens, guard_logs, without_tokens
from tests.hub.web.house import NASTY, House, account

KNEE = "pilots/knee-mr/people"


async def post(house: House, persona: str | None, path: str, **form: Any) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.post(house.prefix + path, data=form, headers={"Origin": house.origin})


async def get(house: House, persona: str | None, path: str) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


async def invite(house: House, role: str = "editor", note: str = "Nils, whom I met in Lund", **form: Any) -> str:
    """Make an invitation and return its token, as the page shows it."""
    answer = await post(house, "maja", f"{KNEE}/invite", role=role, note=note, **form)
    assert answer.status_code == 200, answer.text
    found = re.search(r'id="link"[^>]*>([^<]+)/join/([A-Za-z0-9_-]{43})</code>', answer.text)
    assert found is not None
    assert found[1].startswith(house.origin)
    return found[2]


async def test_a_guest_comes_in(house: House) -> None:
    token = await invite(house)
    page = await get(house, "nils", f"join/{token}")
    for words in ("Maja Lindqvist invites you", "Cartilage under load", "editor:", "as a guest, at most 90 days"):
        assert words in page.text, words
    assert "whom I met" not in page.text
    asked = await post(house, "nils", f"join/{token}")
    assert (asked.status_code, asked.headers["location"]) == (303, f"{house.prefix}waiting")
    waiting = (await get(house, "nils", "waiting")).text
    assert "waiting for Maja Lindqvist to say yes" in waiting
    assert "Nils Ek has accepted an invitation" in (await get(house, "maja", "")).text
    people = (await get(house, "maja", KNEE)).text
    for words in ("Waiting for your answer", "Nils Ek", "no partner of the consortium", "demo", "whom I met in Lund"):
        assert words in people, words
    [id] = re.findall(r"invitations/([0-9a-f]{16})/confirm", people)
    assert (await post(house, "maja", f"{KNEE}/invitations/{id}/confirm")).status_code == 303
    assert "Cartilage under load" in (await get(house, "nils", "")).text
    assert "guest of Maja Lindqvist" in (await get(house, "maja", KNEE)).text


async def test_turned_down_and_taken_back(house: House) -> None:
    token = await invite(house)
    await post(house, "nils", f"join/{token}")
    [id] = re.findall(r"invitations/([0-9a-f]{16})/refuse", (await get(house, "maja", KNEE)).text)
    assert (await post(house, "maja", f"{KNEE}/invitations/{id}/refuse")).status_code == 303
    late = await post(house, "maja", f"{KNEE}/invitations/{id}/confirm")
    assert (late.status_code, "Nobody waits for an answer" in late.text) == (409, True)
    assert "say yes" not in (await get(house, "nils", "waiting")).text.split("<h2")[0]
    told = "Maja Lindqvist said no to your request for Cartilage under load"
    assert told in (await get(house, "nils", "waiting")).text
    assert told not in (await get(house, "erik", "waiting")).text
    second = await invite(house)
    [id] = re.findall(r"invitations/([0-9a-f]{16})/revoke", (await get(house, "maja", KNEE)).text)
    assert (await post(house, "maja", f"{KNEE}/invitations/{id}/revoke")).status_code == 303
    assert (await get(house, "nils", f"join/{second}")).status_code == 404


async def test_a_link_is_used_once_and_every_refusal_reads_the_same(house: House) -> None:
    token = await invite(house)
    assert (await post(house, "erik", f"join/{token}")).status_code == 303
    answers = [
        await get(house, "nils", f"join/{token}"),
        await post(house, "nils", f"join/{token}"),
        await get(house, "nils", "join/" + "a" * 43),
        await post(house, "nils", "join/" + "a" * 43),
        await get(house, "nils", "join/%00%F0%9F%98%80"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    mains = {answer.text.split("<main")[1].split("</main>")[0] for answer in answers}
    assert len(mains) == 1
    assert "This invitation cannot be used." in mains.pop()


async def test_after_ten_tries_one_waits(house: House) -> None:
    token = await invite(house)
    for _ in range(10):
        assert (await get(house, "nils", "join/" + "b" * 43)).status_code == 404
    for answer in (await get(house, "nils", f"join/{token}"), await post(house, "nils", f"join/{token}")):
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 600
        assert "This invitation cannot be used." in answer.text
    assert (await get(house, "erik", f"join/{token}")).status_code == 200


async def test_members_and_those_who_are_not_signed_in(house: House) -> None:
    token = await invite(house)
    member = await get(house, "anke", f"join/{token}")
    assert "You are a member of this pilot already, as runner" in member.text
    assert (await post(house, "anke", f"join/{token}")).status_code == 409
    nobody = await get(house, None, f"join/{token}")
    assert nobody.status_code == 302
    assert token not in nobody.headers["location"]
    assert (await post(house, None, f"join/{token}")).status_code == 401
    async with house.browser("nils") as client:
        forged = await client.post(f"{house.prefix}join/{token}", headers={"Origin": "http://evil.example"})
    assert forged.status_code == 403
    assert (await get(house, "nils", f"join/{token}")).status_code == 200


@pytest.mark.parametrize("form", ["{token}", " {origin}join/{token} ", "{origin}join/{token}?x=1#y", "/join/{token}/"])
async def test_a_pasted_link_or_code_opens_the_door(house: House, form: str) -> None:
    token = await invite(house)
    pasted = form.format(token=token, origin=house.site.service_public_url)
    answer = await post(house, "nils", "join", code=pasted)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{house.prefix}join/{token}")


@pytest.mark.parametrize("code", ["", "hello", NASTY, "http://evil.example/", "ü" * 30])
async def test_what_is_no_link_comes_back(house: House, code: str) -> None:
    answer = await post(house, "nils", "join", code=code)
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert NASTY not in answer.text


async def test_the_waiting_room_says_what_one_can_do(house: House) -> None:
    text = (await get(house, "nils", "waiting")).text
    for words in ("You are not in a pilot yet", "Whom to ask", "What happens next", "I have an invitation"):
        assert words in text, words
    assert "pilots/new" not in text.split("<main")[1]
    assert (await get(house, "maja", "waiting")).status_code == 303


async def test_who_is_in_a_pilot_sees_what_they_asked_for(house: House) -> None:
    token = await invite(house)
    assert (await post(house, "erik", f"join/{token}")).status_code == 303
    assert "waiting for Maja Lindqvist to say yes" in (await get(house, "erik", "waiting")).text


async def test_a_refused_invitation_form_comes_back(house: House) -> None:
    answer = await post(house, "maja", f"{KNEE}/invite", role="runner", note="x\u202ey", until="1999-01-01")
    assert answer.status_code == 400
    assert '<option value="runner" selected>' in answer.text
    assert 'value="1999-01-01"' in answer.text
    nasty = await invite(house, note=NASTY)
    assert nasty
    people = (await get(house, "maja", KNEE)).text
    assert NASTY not in people
    assert "&lt;script&gt;alert" in people


@pytest.mark.parametrize("persona", [None, "nils", "erik", "anke", "jonas"])
async def test_only_leads_invite_and_answer(house: House, persona: str | None) -> None:
    token = await invite(house)
    assert (await post(house, "greta", f"join/{token}")).status_code == 303
    [id] = re.findall(r"invitations/([0-9a-f]{16})/confirm", (await get(house, "maja", KNEE)).text)
    refused = 401 if persona is None else 403
    assert (await get(house, persona, f"{KNEE}/invite")).status_code == (302 if persona is None else 403)
    assert (await post(house, persona, f"{KNEE}/invite", role="viewer", note="x")).status_code == refused
    for answer in ("confirm", "refuse", "revoke"):
        assert (await post(house, persona, f"{KNEE}/invitations/{id}/{answer}")).status_code == refused
    if persona == "erik":
        elsewhere = await post(house, persona, f"pilots/battery-neutrons/people/invitations/{id}/confirm")
        assert elsewhere.status_code == 404
    text = (await get(house, persona, KNEE)).text
    assert "Waiting for your answer" not in text
    with house.session() as session:
        assert members.role_of(session, account("greta"), "knee-mr") is None


async def call(house: House, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {house.tokens[token]}"}
    async with house.browser() as client:
        return await client.request(method, f"{house.prefix}api/{path}", json=body, headers=headers)


def managers(house: House, *personas: str) -> None:
    for persona in personas:
        house.tokens[persona] = house.hub.user(account(persona), f"managing-{persona}")
        house.hub.owners[f"managing-{persona}"]["scopes"].append(names.MANAGE_SCOPE)


async def test_the_api_of_members(house: House) -> None:
    managers(house, "maja", "anke")
    api = "pilots/knee-mr/members"
    listed = (await call(house, "jonas", "GET", f"{api}?limit=1&offset=1")).json()
    assert (listed["total"], len(listed["items"]), listed["items"][0]["name"]) == (3, 1, account("jonas"))
    added = await call(house, "maja", "POST", api, {"people": [account("lars")], "role": "viewer"})
    assert (added.status_code, added.json()[0]["role"]) == (201, "viewer")
    lars = f"{api}/{account('lars')}"
    changed = await call(house, "maja", "PATCH", lars, {"version": 1, "until": "2099-12-31"})
    assert changed.status_code == 400
    changed = await call(house, "maja", "PATCH", lars, {"version": 1, "role": "editor"})
    assert (changed.json()["version"], changed.json()["last_day"]) == (2, None)
    late = await call(house, "maja", "PATCH", lars, {"version": 1, "role": "viewer"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile")
    handed = await call(house, "maja", "POST", "pilots/knee-mr/lead", {"person": account("lars"), "version": 2})
    assert handed.json()["role"] == "lead"
    assert (await call(house, "maja", "DELETE", f"{lars}?version=3")).status_code == 403
    left = await call(house, "anke", "DELETE", f"{api}/{account('anke')}?version=1")
    assert left.status_code == 204
    many = await call(house, "maja", "POST", api, {"people": ["x"] * 20_001, "role": "viewer"})
    assert (many.status_code, len(many.text) < 500) == (422, True)


async def test_the_api_of_invitations(house: House) -> None:
    managers(house, "maja", "nils", "erik")
    api = "pilots/knee-mr/invitations"
    made = await call(house, "maja", "POST", api, {"role": "viewer", "note": "N."})
    token, id = made.json()["token"], made.json()["invitation"]["id"]
    assert made.json()["link"].endswith(f"join/{token}")
    taken = await call(house, "nils", "POST", "invitations/accept", {"token": token})
    assert (taken.status_code, taken.json()["state"]) == (200, "waiting")
    again = await call(house, "erik", "POST", "invitations/accept", {"token": token})
    assert (again.status_code, again.json()["error"]["code"]) == (404, "invitation_not_good")
    elsewhere = f"pilots/battery-neutrons/invitations/{id}"
    assert (await call(house, "erik", "POST", f"{elsewhere}/confirm")).status_code == 404
    assert (await call(house, "erik", "DELETE", elsewhere)).status_code == 404
    listed = (await call(house, "maja", "GET", api)).json()
    assert [(one["state"], one["person"]["display_name"]) for one in listed["items"]] == [("waiting", "Nils Ek")]
    assert token not in str(listed)
    assert (await call(house, "jonas", "GET", api)).status_code == 403
    yes = await call(house, "maja", "POST", f"{api}/{id}/confirm")
    assert (yes.status_code, yes.json()["guest"]) == (200, True)
    for _ in range(9):
        await call(house, "erik", "POST", "invitations/accept", {"token": "guess"})
    waits = await call(house, "erik", "POST", "invitations/accept", {"token": "guess"})
    assert (waits.status_code, waits.json()["error"]["message"]) == (429, again.json()["error"]["message"])
    assert waits.headers["retry-after"]


@pytest.mark.parametrize("caller", ["workspace", "cluster", "jonas"])
async def test_tokens_of_labs_and_machines_change_nothing(house: House, caller: str) -> None:
    body = {"people": [account("lars")], "role": "viewer"}
    assert (await call(house, caller, "POST", "pilots/knee-mr/members", body)).status_code == 403
    assert (await call(house, caller, "POST", "invitations/accept", {"token": "x"})).status_code == 403
    expected = 200 if caller == "jonas" else 403
    assert (await call(house, caller, "GET", "pilots/knee-mr/members")).status_code == expected
    assert (await call(house, caller, "GET", "people?q=maja")).status_code == expected


async def test_the_api_of_the_search(house: House) -> None:
    found = (await call(house, "maja", "GET", "people?q=lars")).json()
    assert [one["display_name"] for one in found["items"]] == ["Lars Holm"]
    assert (await call(house, "maja", "GET", "people?q=kari")).json()["items"] == []
    assert (await call(house, "maja", "GET", "people?q=a")).status_code == 400
    assert (await call(house, "maja", "GET", "people")).status_code == 422


def test_no_token_comes_into_a_log() -> None:
    assert without_tokens("/services/lobby/join/secret?x=1") == "/services/lobby/join/…?x=1"
    assert without_tokens("/services/lobby/pilots/join") == "/services/lobby/pilots/join"
    guard_logs()
    guard_logs()
    logger = logging.getLogger("uvicorn.access")
    assert len([one for one in logger.filters if isinstance(one, NoTokens)]) == 1
    record = logging.LogRecord(
        "uvicorn.access",
        logging.INFO,
        "",
        0,
        '%s - "%s %s HTTP/%s" %d',
        ("127.0.0.1:1", "GET", "/services/lobby/join/secret", "1.1", 200),
        None,
    )
    assert logger.filter(record)
    assert "secret" not in record.getMessage()
