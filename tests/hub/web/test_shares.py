"""Share links in pages and API: making, opening, who used them, taking back."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from kontor.audit.model import EntryRow
from kontor.pilots import members
from kontor.pilots.model import ShareRow
from kontor.web.secret_paths import NoTokens
from tests.hub.web.documents import DOT, furnish, join, let_in, set_pilot
from tests.hub.web.house import NASTY, House, account


async def post(house: House, client: httpx.AsyncClient, path: str, **given: object) -> httpx.Response:
    return await client.post(house.prefix + path, headers={"Origin": house.origin}, **given)  # type: ignore[arg-type]


async def make(house: House, persona: str = "maja", **typed: str) -> httpx.Response:
    form = {"path": "results/notes.txt", "role": "viewer", "days": "7", "note": "", **typed}
    async with house.browser(persona) as client:
        return await post(house, client, "pilots/knee-mr/share", data=form)


async def link(house: House, persona: str = "maja", **typed: str) -> str:
    """Make a link; its path."""
    text = (await make(house, persona, **typed)).text
    found = re.search(rf"{re.escape(house.site.service_public_url)}(shared/[\w-]+)", text)
    assert found, text
    return found[1]


async def look(house: House, persona: str | None, path: str) -> httpx.Response:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


def ids(house: House) -> list[str]:
    with house.session() as session:
        return [row.id for row in session.query(ShareRow).order_by(ShareRow.made)]


def log(house: House) -> list[str]:
    with house.session() as session:
        return [row.action for row in session.query(EntryRow).order_by(EntryRow.number) if "share" in row.action]


ROUTES = ("share?path=results/notes.txt", "shares")
# state -> visitor -> (form, list, make as viewer, make as editor)
TABLE: dict[str, dict[str, tuple[int, ...]]] = {
    "working": {
        "nobody": (302, 302, 401, 401),
        "nils": (403, 403, 403, 403),
        "erik": (403, 403, 403, 403),
        "henrik": (403, 403, 403, 403),
        "greta": (200, 200, 200, 403),
        "anke": (200, 200, 200, 403),
        "jonas": (200, 200, 200, 403),
        "maja": (200, 200, 200, 200),
    },
    "closing": {"erik": (403,) * 4, "greta": (200, 200, 200, 403), "maja": (200,) * 4},
    "archived": {"henrik": (403,) * 4, "greta": (403,) * 4, "maja": (403,) * 4},
}


@pytest.mark.parametrize(("state", "visitor"), [(state, who) for state, table in TABLE.items() for who in table])
async def test_who_may_what(house: House, state: str, visitor: str) -> None:
    furnish(house)
    join(house, "greta", "viewer")
    if visitor not in house.tokens and visitor != "nobody":
        let_in(house, visitor)
    set_pilot(house, state={"working": "active"}.get(state, state))
    who = None if visitor == "nobody" else visitor
    found = [(await look(house, who, f"pilots/knee-mr/{path}")).status_code for path in ROUTES]
    async with house.browser(who) as client:
        for role in ("viewer", "editor"):
            form = {"path": "results/notes.txt", "role": role, "days": "7"}
            found.append((await post(house, client, "pilots/knee-mr/share", data=form)).status_code)
    assert tuple(found) == TABLE[state][visitor]
    assert len(ids(house)) == found[2:].count(200)


async def test_the_form_offers_what_may_be_given_and_says_what_it_means(house: House) -> None:
    furnish(house)
    lead = (await look(house, "maja", "pilots/knee-mr/share?path=results/notes.txt")).text
    runner = (await look(house, "anke", "pilots/knee-mr/share?path=results/notes.txt")).text
    assert re.findall(r'type="radio" name="role" value="(\w+)"', lead) == ["viewer", "reviewer", "runner", "editor"]
    assert re.findall(r'type="radio" name="role" value="(\w+)"', runner) == ["viewer", "reviewer"]
    assert "can ask to join as editor" in lead
    assert (await look(house, "maja", "pilots/knee-mr/share?path=../x")).status_code == 404
    assert (await look(house, "maja", "pilots/knee-mr/share?path=results")).status_code == 404


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"days": "31"}, 400, "days"),
        ({"days": "-1"}, 400, "days"),
        ({"days": "soon"}, 400, "days"),
        ({"days": "９９"}, 400, "days"),
        ({"role": "lead"}, 400, "role"),
        ({"note": "x" * 201}, 400, "note"),
    ],
)
async def test_a_refused_form_comes_back_filled_in(
    house: House, typed: dict[str, str], status: int, field: str
) -> None:
    furnish(house)
    answer = await make(house, **{"note": NASTY, **typed})
    assert answer.status_code == status
    assert f'id="{field}-wrong"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<script>alert" not in answer.text
    assert ('value="&lt;script&gt;' in answer.text) == ("note" not in typed)
    assert ids(house) == []


async def test_a_stranger_looks_and_the_maker_sees_who_it_was(house: House) -> None:
    furnish(house)
    let_in(house, "pia")
    path = await link(house, note=NASTY)
    for _ in range(2):
        answer = await look(house, "pia", path)
        assert answer.status_code == 200
        assert "Hello &lt;script&gt;" in answer.text
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "workspace" not in answer.text.split("<main", 1)[1]
    assert (await look(house, None, path)).status_code == 302
    assert (await look(house, "pia", "pilots/knee-mr/files/results/notes.txt")).status_code == 403
    listed = (await look(house, "maja", "pilots/knee-mr/shares")).text
    assert "Opened by 1 person" in listed
    assert re.search(r"<td>Pia</td>.*<td class=\"num\">2</td>", listed)
    assert "<script>alert" not in listed
    assert path.rpartition("/")[2] not in listed
    assert log(house) == ["share_made", "share_used"]
    assert "Nothing was shared yet" in (await look(house, "jonas", "pilots/knee-mr/shares")).text


async def test_a_document_that_is_asked_for_alone_is_counted(house: House) -> None:
    furnish(house)
    let_in(house, "pia")
    path = await link(house, path="results/plot.png")
    assert (await look(house, "pia", f"{path}/document")).content == DOT
    assert f'src="{house.prefix}{path}/document"' in (await look(house, "pia", path)).text
    notebook = await link(house, path="results/look.ipynb")
    frame = await look(house, "pia", f"{notebook}/document")
    assert "A heading</h1>" in frame.text
    assert "sandbox" in frame.headers["content-security-policy"]
    assert (await look(house, "pia", f"{await link(house)}/document")).status_code == 404
    assert log(house).count("share_used") == 2


async def test_members_are_led_to_the_workspace(house: House) -> None:
    furnish(house)
    path = await link(house)
    jonas = (await look(house, "jonas", path)).text
    assert f'href="{house.prefix}pilots/knee-mr/workspace?open=results%2Fnotes.txt"' in jonas
    anke = (await look(house, "anke", path)).text
    assert "workspace?open" not in anke
    assert f'href="{house.prefix}pilots/knee-mr/files/results/notes.txt"' in anke


async def test_every_link_that_is_not_good_gets_the_same_answer(house: House) -> None:
    root = furnish(house)
    let_in(house, "pia")
    said = set()

    async def refused(path: str) -> None:
        for address in (path, f"{path}/document"):
            answer = await look(house, "pia", address)
            said.add((answer.status_code, re.sub(r"shared/[^\"'<\s]*", "", answer.text)))

    gone = await link(house)
    async with house.browser("maja") as client:
        assert (await post(house, client, f"pilots/knee-mr/shares/{ids(house)[0]}/revoke")).status_code == 303
    await refused(gone)
    await refused("shared/unknown")
    old = await link(house)
    with house.session() as session, session.begin():
        session.get_one(ShareRow, ids(house)[1]).expires = datetime.now(UTC) - timedelta(seconds=1)
    await refused(old)
    left = await link(house, "jonas")
    with house.session() as session, session.begin():
        members.remove(session, "knee-mr", account("jonas"))
    await refused(left)
    good = await link(house)
    set_pilot(house, class_="clinical")
    await refused(good)
    assert len(said) == 1
    assert said.pop()[0] == 404
    set_pilot(house, class_="standard")
    house.app.state.shared_tries = type(house.app.state.shared_tries)("again")
    (root / "results" / "notes.txt").unlink()
    answer = await look(house, "pia", good)
    assert (answer.status_code, "not there any more" in answer.text) == (404, True)


async def test_guessing_has_to_wait(house: House) -> None:
    furnish(house)
    good = await link(house)
    for _ in range(10):
        assert (await look(house, "erik", "shared/guess")).status_code == 404
    assert (await look(house, "erik", "shared/guess")).status_code == 429
    assert (await look(house, "erik", good)).status_code == 429
    assert (await look(house, "jonas", good)).status_code == 200


async def test_asking_to_join(house: House) -> None:
    furnish(house)
    let_in(house, "pia")
    path = await link(house, role="editor")
    assert "Ask to join as editor" in (await look(house, "pia", path)).text
    assert "Ask to join" not in (await look(house, "jonas", path)).text
    async with house.browser("pia") as client:
        assert (await post(house, client, f"{path}/ask")).status_code == 303
        assert "You have asked to join" in (await client.get(house.prefix + path)).text
        assert (await post(house, client, f"{path}/ask")).status_code == 409
        assert (await client.post(f"{house.prefix}{path}/ask")).status_code == 403
        assert (await client.get(f"{house.prefix}pilots/knee-mr")).status_code == 403
        assert (await post(house, client, f"{await link(house)}/ask")).status_code == 409


@pytest.mark.parametrize(("who", "status"), [("jonas", 303), ("maja", 303), ("anke", 404), ("erik", 403), (None, 401)])
async def test_who_takes_a_link_back(house: House, who: str | None, status: int) -> None:
    furnish(house)
    path = await link(house, "jonas")
    async with house.browser(who) as client:
        answer = await post(house, client, f"pilots/knee-mr/shares/{ids(house)[0]}/revoke")
        assert answer.status_code == status
        other = await post(house, client, f"pilots/battery-neutrons/shares/{ids(house)[0]}/revoke")
        assert other.status_code == {None: 401, "erik": 404, "anke": 404}.get(who, 403)
        assert (await post(house, client, "pilots/knee-mr/shares/junk/revoke")).status_code in (401, 403, 422)
    assert (await look(house, "anke", path)).status_code == (404 if status == 303 else 200)


# caller -> (list, make as viewer, make as editor, take back)
API_TABLE: dict[str, tuple[int, ...]] = {
    "nobody": (401, 401, 401, 401),
    "forged": (401, 401, 401, 401),
    "page": (403, 403, 403, 403),
    "gateway": (403, 403, 403, 403),
    "workspace": (403, 403, 403, 403),
    "cluster": (403, 403, 403, 403),
    "nils": (403, 403, 403, 403),
    "erik": (403, 403, 403, 403),
    "maja, reading": (200, 403, 403, 403),
    "anke": (200, 201, 403, 404),
    "jonas": (200, 201, 403, 404),
    "maja": (200, 201, 201, 204),
}


@pytest.mark.parametrize("caller", API_TABLE)
async def test_api(house: House, caller: str) -> None:
    furnish(house)
    name = caller.partition(",")[0]
    if caller in ("nils", "erik", "anke", "jonas", "maja"):
        house.hub.owners[f"token-{caller}"]["scopes"].append("custom:kontor:manage")
    await link(house)
    headers = {} if caller == "nobody" else {"Authorization": f"Bearer {house.tokens[name]}"}
    address = f"{house.prefix}api/pilots/knee-mr/shares"
    async with house.browser() as client:
        found = [(await client.get(address, headers=headers)).status_code]
        for role in ("viewer", "editor"):
            body = {"path": "results/notes.txt", "role": role, "days": 3, "note": "for Pia"}
            answer = await client.post(address, json=body, headers=headers)
            found.append(answer.status_code)
            if answer.status_code == 201:
                made = answer.json()
                assert made["link"] == f"{house.site.service_public_url}shared/{made['token']}"
                assert made["share"]["state"] == "open"
        found.append((await client.delete(f"{address}/{ids(house)[0]}", headers=headers)).status_code)
        assert tuple(found) == API_TABLE[caller]
        if caller == "maja":
            listed = (await client.get(f"{address}?limit=2", headers=headers)).json()
            assert (listed["total"], len(listed["items"])) == (3, 2)
            assert "token" not in str(listed)
            for body in ({"path": "x", "more": 1}, {"path": "", "days": 1}, {"path": "x", "days": 31}, {}):
                assert (await client.post(address, json=body, headers=headers)).status_code == 422
            assert (await client.delete(f"{address}/junk", headers=headers)).status_code == 422
            assert (await client.get(f"{house.prefix}api/pilots/NO/shares", headers=headers)).status_code == 422


async def test_a_file_is_opened_in_a_workspace_that_was_closed(house: House) -> None:
    async with house.browser("jonas") as client:
        begun = await client.get(f"{house.prefix}pilots/knee-mr/workspace?open=results/Größe%20%26.ipynb")
        assert begun.headers["location"].endswith("/workspace/opening?open=results%2FGr%C3%B6%C3%9Fe+%26.ipynb")
        waiting = await client.get(begun.headers["location"])
        assert "opening?open=results%2FGr%C3%B6%C3%9Fe+%26.ipynb" in waiting.text
        house.hub.servers["ws-knee-mr"] = {"ready": True, "pending": None}
        there = await client.get(begun.headers["location"])
        end = f"/lab/workspaces/{account('jonas')}/tree/results/Gr%C3%B6%C3%9Fe%20%26.ipynb"
        assert there.headers["location"].endswith(end)
        for bad in ("../x", "/etc/passwd", ".hidden", "//other.example/x"):
            answer = await client.get(f"{house.prefix}pilots/knee-mr/workspace", params={"open": bad})
            assert answer.headers["location"].endswith(f"/lab/workspaces/{account('jonas')}")


def test_tokens_do_not_reach_the_log() -> None:
    record = logging.LogRecord("x", 20, "", 1, "%s %s", ("GET", "/services/lobby/shared/secret-token/document?x"), None)
    NoTokens().filter(record)
    assert "secret-token" not in record.getMessage()
    assert "/shared/" in record.getMessage()
