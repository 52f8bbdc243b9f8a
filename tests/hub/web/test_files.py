"""The tab Files: who sees, takes and changes what, and what the pages say."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote

import httpx
import pytest

from kontor.audit.model import EntryRow
from kontor.pilots.documents import file_changes
from tests.hub.web.documents import DOT, furnish, join, let_in, notebook, set_pilot
from tests.hub.web.house import NASTY, House


def log(house: House) -> list[tuple[str, str]]:
    with house.session() as session:
        rows = session.query(EntryRow).filter(EntryRow.action.like("file%")).order_by(EntryRow.number)
        return [(row.action, row.details) for row in rows]


async def post(house: House, client: httpx.AsyncClient, path: str, **given: object) -> httpx.Response:
    return await client.post(house.prefix + path, headers={"Origin": house.origin}, **given)  # type: ignore[arg-type]


async def upload(
    house: House, client: httpx.AsyncClient, name: str = "new.txt", content: bytes = b"new", folder: str = "results"
) -> httpx.Response:
    return await post(house, client, "pilots/knee-mr/upload", data={"folder": folder}, files={"file": (name, content)})


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"no field {name}"
    return found[1]


ROUTES = (
    ("GET", "files"),
    ("GET", "files/results/notes.txt"),
    ("GET", "picture/results/plot.png"),
    ("GET", "rendered/results/look.ipynb"),
    ("GET", "download/results/notes.txt"),
    ("GET", "delete/results/notes.txt"),
    ("POST", "upload"),
    ("POST", "delete/results/notes.txt"),
)
READ, ALL, NONE = (200, 200, 200, 200, 200, 403, 403, 403), (200, 200, 200, 200, 200, 200, 303, 303), (403,) * 8
# pilot -> visitor -> answers; erik leads another pilot, nils is in none, henrik holds an office
TABLE: dict[str, dict[str, tuple[int, ...]]] = {
    "working": {
        "nobody": (302,) * 6 + (401,) * 2,
        "nils": NONE,
        "erik": NONE,
        "henrik": NONE,
        "greta": READ,
        "anke": READ,
        "jonas": ALL,
        "maja": ALL,
    },
    "frozen": {"nils": NONE, "henrik": NONE, "greta": READ, "anke": READ, "jonas": READ, "maja": READ},
    "closing": {"erik": NONE, "greta": READ, "maja": READ},
    "archived": {"henrik": NONE, "greta": NONE, "maja": NONE},
    "proposed": {"maja": NONE},
    "sensitive": {
        "nobody": (302,) * 6 + (401,) * 2,
        "erik": NONE,
        "greta": (200, 200, 200, 200, 403, 403, 403, 403),
        "maja": (200, 200, 200, 200, 403, 200, 303, 303),
    },
}
STATES: dict[str, dict[str, object]] = {
    "frozen": {"agreement_ends": date(2020, 1, 1)},
    "closing": {"state": "closing"},
    "archived": {"state": "archived"},
    "proposed": {"state": "proposed"},
    "sensitive": {"class_": "sensitive"},
}


@pytest.mark.parametrize(("state", "visitor"), [(state, who) for state, table in TABLE.items() for who in table])
async def test_who_may_what(house: House, state: str, visitor: str) -> None:
    root = furnish(house)
    join(house, "greta", "viewer")
    if visitor not in house.tokens and visitor != "nobody":
        let_in(house, visitor)
    set_pilot(house, **STATES.get(state, {}))
    found = []
    async with house.browser(None if visitor == "nobody" else visitor) as client:
        for method, path in ROUTES:
            if path == "upload":
                found.append((await upload(house, client)).status_code)
            elif method == "POST":
                found.append((await post(house, client, f"pilots/knee-mr/{path}")).status_code)
            else:
                found.append((await client.get(f"{house.prefix}pilots/knee-mr/{path}")).status_code)
    assert tuple(found) == TABLE[state][visitor]
    assert (root / "results" / "new.txt").exists() == (found[6] == 303)
    assert (root / "results" / "notes.txt").exists() == (found[7] != 303)


UPWARDS = ("%2e%2e/knee-mr/results/notes.txt", "..%2Fknee-mr%2Fresults%2Fnotes.txt", "%2Fetc%2Fpasswd", "a%00b")


@pytest.mark.parametrize(
    "path", ["files", "files/results", "download/results/notes.txt", "rendered/results/look.ipynb"]
)
async def test_there_is_no_way_from_one_pilot_to_another(house: House, path: str) -> None:
    furnish(house)
    furnish(house, "battery-neutrons")
    async with house.browser("erik") as client:
        assert (await client.get(f"{house.prefix}pilots/knee-mr/{path}")).status_code == 403
        assert (await client.get(f"{house.prefix}pilots/no-such/{path}")).status_code == 404
        for up in UPWARDS:
            for how in ("files", "download", "picture", "rendered"):
                answer = await client.get(f"{house.prefix}pilots/battery-neutrons/{how}/{up}")
                assert answer.status_code == 404


async def test_nothing_is_changed_from_elsewhere(house: House) -> None:
    root = furnish(house)
    async with house.browser("maja") as client:
        for path in ("upload", "upload/name", "delete/results/notes.txt", "undelete"):
            for headers in ({}, {"Origin": house.site.public_url_of("ws-knee-mr")}):
                answer = await client.post(f"{house.prefix}pilots/knee-mr/{path}", headers=headers)
                assert answer.status_code == 403
    assert (root / "results" / "notes.txt").exists()


async def test_the_list_says_what_is_there_and_names_do_no_harm(house: House) -> None:
    root = furnish(house)
    nasty = NASTY.replace("/", "∕") + " 100% #1?.txt"
    (root / nasty).write_text("x")
    (root / "link").symlink_to("/etc")
    async with house.browser("jonas") as client:
        text = (await client.get(f"{house.prefix}pilots/knee-mr/files")).text
        assert "<script>alert" not in text
        assert "1 entry is not shown" in text
        assert "Measured data that nobody changes" in text
        assert 'type="file"' in text
        assert (await client.get(f"{house.prefix}pilots/knee-mr/files/{quote(nasty)}")).status_code == 200
        assert (
            "Nothing can be put into this folder" in (await client.get(f"{house.prefix}pilots/knee-mr/files/raw")).text
        )
        empty = (await client.get(f"{house.prefix}pilots/knee-mr/files/scratch")).text
        assert "This folder is empty" in empty
    async with house.browser("anke") as client:
        assert 'type="file"' not in (await client.get(f"{house.prefix}pilots/knee-mr/files")).text


async def test_before_the_workspace_was_opened_the_page_says_what_to_do(house: House) -> None:
    async with house.browser("maja") as client:
        text = (await client.get(f"{house.prefix}pilots/knee-mr/files")).text
    assert "There are no files yet" in text
    assert "Open the workspace and save something" in text


async def test_a_long_list_comes_in_pages(house: House) -> None:
    root = furnish(house)
    for number in range(201):
        (root / "scratch" / f"f{number:03}.txt").touch()
    async with house.browser("anke") as client:
        first = (await client.get(f"{house.prefix}pilots/knee-mr/files/scratch")).text
        second = (await client.get(f"{house.prefix}pilots/knee-mr/files/scratch?page=2")).text
        assert (await client.get(f"{house.prefix}pilots/knee-mr/files/scratch?page=0")).status_code == 422
    assert ("f199.txt" in first, "f200.txt" in first, "f200.txt" in second) == (True, False, True)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plot.png", 'src="/services/lobby/pilots/knee-mr/picture/results/plot.png"'),
        ("table.csv", "<td>&lt;b&gt;bold&lt;/b&gt;</td><td>1</td>"),
        ("notes.txt", "Hello &lt;script&gt;"),
        ("cube.h5", "cannot be shown in a page"),
        ("look.ipynb", '<iframe class="document" sandbox="allow-popups allow-popups-to-escape-sandbox"'),
        ("broken.ipynb", "not a notebook that can be read"),
        ("binary.txt", "cannot be shown in a page"),
    ],
)
async def test_a_look_at_each_kind(house: House, name: str, shown: str) -> None:
    root = furnish(house)
    (root / "results" / "broken.ipynb").write_text("{{{")
    (root / "results" / "binary.txt").write_bytes(b"a\0b")
    async with house.browser("anke") as client:
        answer = await client.get(f"{house.prefix}pilots/knee-mr/files/results/{name}")
    assert answer.status_code == 200
    assert shown in answer.text


async def test_a_large_table_and_a_long_text_are_cut(house: House) -> None:
    root = furnish(house)
    (root / "big.csv").write_text("a,b\n" + "x,y\n" * 500 + ",".join("z" * 60))
    (root / "long.txt").write_text("line\n" * 100_000)
    (root / "one.csv").write_text('"' + "x" * 300_000)
    async with house.browser("anke") as client:
        table = (await client.get(f"{house.prefix}pilots/knee-mr/files/big.csv")).text
        assert (table.count("<td>x</td>"), "beginning of a larger table" in table) == (200, True)
        text = (await client.get(f"{house.prefix}pilots/knee-mr/files/long.txt")).text
        assert ("beginning of a longer text" in text, len(text) < 250_000) == (True, True)
        assert (await client.get(f"{house.prefix}pilots/knee-mr/files/one.csv")).status_code == 200


async def test_a_download_is_an_attachment_and_in_the_log(house: House) -> None:
    root = furnish(house)
    name = 'Größe "1".html'
    (root / name).write_text("<script>")
    async with house.browser("anke") as client:
        answer = await client.get(f"{house.prefix}pilots/knee-mr/download/{quote(name)}")
        assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{quote(name)}"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        part = await client.get(
            f"{house.prefix}pilots/knee-mr/download/results/plot.png", headers={"Range": "bytes=1-3"}
        )
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"PNG", f"bytes 1-3/{len(DOT)}")
        beyond = await client.get(
            f"{house.prefix}pilots/knee-mr/download/results/plot.png", headers={"Range": "bytes=9999-"}
        )
        assert beyond.status_code == 416
        assert (await client.get(f"{house.prefix}pilots/knee-mr/download/results")).status_code == 404
    assert [action for action, _ in log(house)] == ["file_downloaded"] * 3
    assert '"path":"results/plot.png"' in log(house)[1][1]


async def test_pictures_and_notebooks_cannot_do_anything(house: House) -> None:
    root = furnish(house)
    (root / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    async with house.browser("anke") as client:
        picture = await client.get(f"{house.prefix}pilots/knee-mr/picture/x.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        frame = await client.get(f"{house.prefix}pilots/knee-mr/rendered/results/look.ipynb")
        assert "A heading</h1>" in frame.text
        policy = frame.headers["content-security-policy"]
        assert "sandbox allow-popups" in policy
        assert "allow-scripts" not in policy
        assert "allow-same-origin" not in policy
        assert {"default-src 'none'", "frame-ancestors 'self'", "form-action 'none'"} <= set(policy.split("; "))
        for how, name in (("picture", "notes.txt"), ("rendered", "notes.txt"), ("picture", "look.ipynb")):
            assert (await client.get(f"{house.prefix}pilots/knee-mr/{how}/results/{name}")).status_code == 404


async def test_an_upload_appears_and_is_in_the_log(house: House) -> None:
    root = furnish(house)
    async with house.browser("jonas") as client:
        answer = await upload(house, client, "C:\\Users\\Jonas\\Größe & <b>.txt")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{house.prefix}pilots/knee-mr/files/results")
    assert (root / "results" / "Größe & <b>.txt").read_bytes() == b"new"
    assert log(house)[0][0] == "file_uploaded"


async def test_a_name_that_is_taken_is_asked_about(house: House) -> None:
    root = furnish(house)
    async with house.browser("jonas") as client:
        asked = await upload(house, client, "notes.txt")
        assert asked.status_code == 409
        assert "Replace notes.txt?" in asked.text
        staged = field(asked.text, "staged")
        assert "Hello" in (root / "results" / "notes.txt").read_text()
        again = await post(
            house, client, "pilots/knee-mr/upload/name", data={"staged": staged, "do": "name", "name": "plot.png"}
        )
        assert again.status_code == 409
        assert field(again.text, "name") if 'name="name" value' in again.text else 'value="plot.png"' in again.text
        saved = await post(
            house, client, "pilots/knee-mr/upload/name", data={"staged": staged, "do": "name", "name": "notes 2.txt"}
        )
        assert saved.status_code == 303
        assert (root / "results" / "notes 2.txt").read_bytes() == b"new"
        asked = await upload(house, client, "notes.txt", b"newer")
        replace = {"staged": field(asked.text, "staged"), "do": "replace"}
        async with house.browser("maja") as other:
            assert (await post(house, other, "pilots/knee-mr/upload/name", data=replace)).status_code == 403
        assert (await post(house, client, "pilots/knee-mr/upload/name", data=replace)).status_code == 303
        assert (root / "results" / "notes.txt").read_bytes() == b"newer"
        asked = await upload(house, client, "notes.txt", b"no")
        cancel = {"staged": field(asked.text, "staged"), "do": "cancel"}
        assert (await post(house, client, "pilots/knee-mr/upload/name", data=cancel)).status_code == 303
    assert [one for one in (root / "results").iterdir() if one.name.startswith(".")] == []
    assert [action for action, _ in log(house)] == ["file_uploaded", "file_uploaded"]


async def test_a_name_that_cannot_be_is_asked_about(house: House) -> None:
    root = furnish(house)
    async with house.browser("jonas") as client:
        asked = await upload(house, client, ".bashrc")
        assert (asked.status_code, "Which name shall the file have?" in asked.text) == (400, True)
        answer = await post(
            house,
            client,
            "pilots/knee-mr/upload/name",
            data={"staged": field(asked.text, "staged"), "do": "name", "name": "bashrc.txt"},
        )
        assert answer.status_code == 303
    assert (root / "results" / "bashrc.txt").read_bytes() == b"new"


async def test_what_cannot_be_uploaded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    root = furnish(house)
    async with house.browser("jonas") as client:
        assert (await upload(house, client, folder="raw")).status_code == 403
        assert (await upload(house, client, folder="../results")).status_code == 404
        nothing = await post(house, client, "pilots/knee-mr/upload", data={"folder": "results"}, files={"x": b""})
        assert (nothing.status_code, "Choose a file first" in nothing.text) == (400, True)
        monkeypatch.setattr(file_changes, "LARGEST", 1000)
        large = await upload(house, client, content=b"x" * 1001)
        assert (large.status_code, 'aria-invalid="true"' in large.text) == (413, True)
        monkeypatch.setattr("kontor.web.file_changes.LARGEST", 1000)
        assert (await upload(house, client, content=b"x" * 30_000)).status_code == 413
        forged = await post(house, client, "pilots/knee-mr/upload/name", data={"staged": "x", "do": "replace"})
        assert forged.status_code == 403
    assert sorted(one.name for one in (root / "results").iterdir()) == [
        "cube.h5", "look.ipynb", "notes.txt", "plot.png", "table.csv",
    ]  # fmt: skip


async def test_deleting_asks_and_can_be_taken_back(house: House) -> None:
    root = furnish(house)
    async with house.browser("jonas") as client:
        sure = await client.get(f"{house.prefix}pilots/knee-mr/delete/results/notes.txt")
        assert "Delete notes.txt?" in sure.text
        answer = await post(house, client, "pilots/knee-mr/delete/results/notes.txt")
        assert not (root / "results" / "notes.txt").exists()
        listed = (await client.get(answer.headers["location"])).text
        assert "notes.txt was deleted" in listed
        undo = {"undo": field(listed, "undo")}
        async with house.browser("maja") as other:
            assert "was deleted" not in (await other.get(answer.headers["location"])).text
            assert (await post(house, other, "pilots/knee-mr/undelete", data=undo)).status_code == 403
        assert (await post(house, client, "pilots/knee-mr/undelete", data=undo)).status_code == 303
        assert (await post(house, client, "pilots/knee-mr/undelete", data=undo)).status_code == 404
        assert (await post(house, client, "pilots/knee-mr/delete/raw")).status_code == 403
        assert (await post(house, client, "pilots/knee-mr/delete/nothing.txt")).status_code == 404
    assert (root / "results" / "notes.txt").exists()
    assert [action for action, _ in log(house)] == ["file_deleted", "file_restored"]


API_TABLE = {
    "nobody": 401,
    "forged": 401,
    "page": 403,
    "gateway": 403,
    "nils": 403,
    "erik": 403,
    "anke": 200,
    "maja": 200,
    "workspace": 200,
    "cluster": 200,
}


@pytest.mark.parametrize("caller", API_TABLE)
async def test_the_api_lists_a_folder(house: House, caller: str) -> None:
    furnish(house)
    headers = {} if caller == "nobody" else {"Authorization": f"Bearer {house.tokens[caller]}"}
    async with house.browser() as client:
        address = f"{house.prefix}api/pilots/knee-mr/files"
        answer = await client.get(f"{address}?path=results&limit=2&offset=1", headers=headers)
        assert answer.status_code == API_TABLE[caller]
        if answer.status_code == 200:
            body = answer.json()
            assert (body["total"], [one["name"] for one in body["items"]]) == (5, ["look.ipynb", "notes.txt"])
            assert body["items"][0]["kind"] == "notebook"
            assert (await client.get(f"{address}?path=../x", headers=headers)).status_code == 404
            assert (await client.get(f"{address}?path=results/notes.txt", headers=headers)).status_code == 404
            set_pilot(house, state="archived")
            assert (await client.get(address, headers=headers)).status_code == 403


async def test_a_notebook_that_is_too_large_or_too_slow_is_explained(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = furnish(house)
    (root / "big.ipynb").write_text(notebook() + " " * 2000)
    async with house.browser("anke") as client:
        house.app.state.notebooks._seconds = 0.0
        slow = await client.get(f"{house.prefix}pilots/knee-mr/files/results/look.ipynb")
        assert (slow.status_code, "takes too long" in slow.text) == (200, True)
        monkeypatch.setattr("kontor.web.rendering.LARGEST", 1000)
        assert "larger than" in (await client.get(f"{house.prefix}pilots/knee-mr/files/big.ipynb")).text
        assert (await client.get(f"{house.prefix}pilots/knee-mr/rendered/big.ipynb")).status_code == 422
