"""The consortium: who sees it, what the filters leave, the picture, and the report."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from kontor.audit.model import EntryRow
from kontor.pilots import members, store
from kontor.pilots.consortium_report import COLUMNS, safe
from kontor.pilots.store import TakesPart
from tests.hub.web.house import NASTY, House, account

BONES = store.Pilot(
    slug="bones",
    title="Bones of children",
    question="Why do they mend?",
    class_="clinical",
    state="closing",
    technique="7T MR",
    facility="MAX IV",
    notebook=None,
    starts=date(2026, 1, 1),
    ends=date(2026, 12, 1),
)


@pytest.fixture(autouse=True)
def more(house: House) -> None:
    """A closing pilot of a Danish hospital and a Finnish company, and a proposal; offices who can sign in."""
    with house.session() as session, session.begin():
        store.create(session, BONES)
        company = TakesPart("company.luu", "Luu Oy", "company", "FI")
        store.set_partners(session, "bones", [TakesPart("rigshospitalet"), company])
        members.add(session, "bones", account("greta"), "lead")
        store.create(session, replace(BONES, slug="dreams", title="Only proposed", state="proposed"))
        members.add(session, "dreams", account("jonas"), "lead")
    for persona in ("henrik", "ingrid", "nils"):
        house.tokens[persona] = house.hub.user(account(persona), f"token-{persona}")


async def get(house: House, persona: str | None, path: str) -> Any:
    async with house.browser(persona) as client:
        return await client.get(house.prefix + path)


def titles(text: str) -> list[str]:
    return [unescape(re.sub("<[^>]*>", "", one)) for one in re.findall(r'<span class="title">(.*?)</span>', text)]


WHO_MAY_SEE = {
    "nobody": 302,
    "nils": 403,  # a guest without a pilot
    "maja": 200,  # of a partner
    "greta": 200,  # of a partner, and lead
    "henrik": 200,  # steward
    "ingrid": 200,  # operator
}


@pytest.mark.parametrize("path", ["consortium", "consortium.csv"])
async def test_who_may_see_it(house: House, path: str) -> None:
    found = {who: (await get(house, None if who == "nobody" else who, path)).status_code for who in WHO_MAY_SEE}
    assert found == WHO_MAY_SEE


async def test_a_guest_sees_it_from_the_moment_they_are_in_a_listed_pilot(house: House) -> None:
    with house.session() as session, session.begin():
        members.add(session, "dreams", account("nils"), "viewer")
    assert (await get(house, "nils", "consortium")).status_code == 403, "a proposal opens nothing"
    with house.session() as session, session.begin():
        members.add(session, "bones", account("nils"), "viewer")
    assert (await get(house, "nils", "consortium")).status_code == 200


async def test_every_approved_pilot_is_listed_and_no_proposal_and_no_person(house: House) -> None:
    text = (await get(house, "erik", "consortium")).text
    assert len(titles(text)) == 6
    assert "Bones of children" in titles(text)
    assert "Only proposed" not in text
    main = text[text.index("<main") :]
    for name in ("Maja", "Greta", "Hansen", account("maja"), account("greta")):
        assert name not in main, name
    assert NASTY not in text
    assert re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text) is None


FILTERS = [
    ("country=NO", ["Membrane"]),
    ("country=other", ["Bones"]),
    ("sector=company", ["Bones", "Nasty"]),
    ("country=DK&sector=company", ["Nasty"]),
    ("country=DK&sector=hospital", ["Bones", "Cartilage", "Membrane"]),
    ("country=DE&sector=company", []),
    ("partner=desy", ["Cartilage", "Nasty"]),
    ("state=closing", ["Bones"]),
    ("state=proposed", []),
    ("technique=7T+MR", ["Bones", "Cartilage"]),
    ("technique=7T+MR&facility=MAX+IV", ["Bones"]),
    ("text=skane", ["Cartilage", "Plasma"]),
    ("text=LUU+bones", ["Bones"]),
    ("text=luu+cartilage", []),
    ("text=bones&country=DK&sector=hospital&state=closing", ["Bones"]),
    ("country=XX", []),
    ("country=&sector=&text=+", ["Bones", "Cartilage", "Long", "Membrane", "Nasty", "Plasma"]),
    ("sort=ends&sector=hospital", ["Bones", "Membrane", "Cartilage", "Plasma"]),
    ("sort=starts&sector=hospital", ["Plasma", "Cartilage", "Membrane", "Bones"]),
]
REFUSED = ["sort=mood", "page=0", "page=x", "text=" + "x" * 101, "page=99999999999999999999"]


async def test_filters_combine(house: House) -> None:
    for query, found in FILTERS:
        shown = titles((await get(house, "maja", f"consortium?{query}")).text)
        assert [title.split()[0].rstrip(",") for title in shown] == found, query


async def test_what_cannot_be_asked_is_refused(house: House) -> None:
    for query in REFUSED:
        assert (await get(house, "maja", f"consortium?{query}")).status_code == 422, query


async def test_the_form_comes_back_as_it_was_asked_with_counts_and_a_way_out(house: House) -> None:
    text = (await get(house, "maja", "consortium?country=DK&text=%22%3E%3Cb%3E&partner=desy")).text
    assert '<option value="DK" selected>Denmark (0)</option>' in text
    assert 'value="&#34;&gt;&lt;b&gt;"' in text
    assert '<input type="hidden" name="partner" value="desy">' in text
    assert "No pilot is like this" in text
    assert f'href="{house.prefix}consortium">Clear all' in text
    assert "Bones" not in text
    text = (await get(house, "maja", "consortium?country=DK&sector=hospital")).text
    assert '<option value="company">company (1)</option>' in text, "counted beside the other filters"
    assert "3 of 6 pilots" in text


async def test_long_lists_have_pages(house: House) -> None:
    with house.session() as session, session.begin():
        for number in range(30):
            store.create(session, replace(BONES, slug=f"more-{number:02}", title=f"More {number:02}", state="active"))
    first = await get(house, "maja", "consortium?state=active&sort=title")
    assert len(titles(first.text)) == 25
    links = [unescape(one) for one in re.findall(r'href="([^"]*page=\d[^"]*)"', first.text)]
    assert links == [f"{house.prefix}consortium?state=active&page=2#list"]
    second = await get(house, "maja", "consortium?state=active&page=2")
    assert len(titles(second.text)) == 9
    assert not set(titles(first.text)) & set(titles(second.text))
    assert titles((await get(house, "maja", "consortium?state=active&page=99")).text) == titles(second.text)


async def test_only_own_pilots_and_offices_get_links(house: House) -> None:
    def linked(text: str) -> set[str]:
        return set(re.findall(rf'<span class="title"><a href="{house.prefix}pilots/([a-z-]+)"', text))

    assert linked((await get(house, "greta", "consortium")).text) == {"bones", "sepsis-proteome"}
    assert len(linked((await get(house, "henrik", "consortium")).text)) == 6


async def test_the_picture_joins_pilots_and_partners(house: House) -> None:
    text = (await get(house, "maja", "consortium")).text
    picture = text[text.index('<svg class="network"') : text.index("</svg>", text.index('<svg class="network"'))]
    assert picture.count('class="spot ') == 6
    assert 'aria-label="DESY, Germany: 2 pilots"' in picture
    assert 'aria-label="Lund University, Sweden: 0 pilots"' in picture
    assert 'aria-label="1 company, elsewhere: 1 pilot"' in picture
    for target in re.findall(r'href="([^"#]*)', picture):
        assert (await get(house, "maja", unescape(target).removeprefix(house.prefix))).status_code == 200, target
    desy = next(one for one in re.findall(r"<a [^>]*>", picture) if "DESY" in one)
    asked = unescape(re.findall(r'href="([^"#]*)', desy)[0]).removeprefix(house.prefix)
    assert len(titles((await get(house, "maja", asked)).text)) == 2


async def test_a_change_is_seen_with_the_next_page(house: House) -> None:
    assert "active (4)" in (await get(house, "maja", "consortium")).text
    with house.session() as session, session.begin():
        store.create(session, replace(BONES, slug="fresh", title="Fresh", state="active"))
    assert "active (5)" in (await get(house, "maja", "consortium")).text


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


async def test_the_report(house: House) -> None:
    answer = await get(house, "henrik", "consortium.csv?state=closing")
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert re.fullmatch(r'attachment; filename="pilots-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    lines = answer.text.split("\r\n")
    assert (lines[0].split(","), lines[-1]) == (list(COLUMNS), "")
    (row,) = table(answer.text)
    for name, value in {
        "slug": "bones",
        "class": "clinical",
        "starts": "2026-01-01",
        "countries": "DK other",
        "sectors": "hospital company",
        "organisations": "Rigshospitalet; Luu Oy",
        "people": "1",
        "people_de": "1",
        "people_hospital": "1",
        "people_se": "0",
        "cross_border": "yes",
        "missing_sectors": "academia infrastructure",
        "credits_used": "0",
        "credits_budget": "2000",
    }.items():
        assert row[name] == value, name


async def test_budgets_in_the_report_are_for_offices(house: House) -> None:
    rows = table((await get(house, "maja", "consortium.csv")).text)
    assert {(row["credits_used"], row["credits_budget"]) for row in rows} == {("", "")}
    assert len(rows) == 6


async def test_the_report_for_excel(house: House) -> None:
    plain = (await get(house, "maja", "consortium.csv")).content
    excel = (await get(house, "maja", "consortium.csv?for=excel")).content
    assert not plain.startswith(b"\xef\xbb\xbf")
    assert excel.startswith(b"\xef\xbb\xbfslug;title;")
    assert table(excel.decode("utf-8-sig"), ";") == table(plain.decode())
    assert (await get(house, "maja", "consortium.csv?for=word")).status_code == 422


async def test_the_report_is_recorded(house: House) -> None:
    await get(house, "nils", "consortium.csv")
    await get(house, "maja", "consortium.csv?country=NO")
    with house.session() as session:
        rows = session.scalars(select(EntryRow).where(EntryRow.action == "report_exported")).all()
    assert [(row.actor, row.details) for row in rows] == [(account("maja"), '{"pilots":1}')]


async def test_no_cell_of_the_report_is_a_formula(house: House) -> None:
    formula = '=HYPERLINK("http://x/","a, b")\nc'
    with house.session() as session, session.begin():
        store.create(session, replace(BONES, slug="evil", title=formula, technique="@SUM(1)", facility="\t=1"))
    rows = table((await get(house, "maja", "consortium.csv?text=evil")).text)
    assert [(row["title"], row["technique"], row["facility"]) for row in rows] == [("'" + formula, "'@SUM(1)", "'\t=1")]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_what_begins_like_a_formula_is_text(start: str) -> None:
    assert safe(f"{start}1") == f"'{start}1"


@pytest.mark.parametrize("plain", ["", "a=1", "1-2", "Öl & Salz", None, 0, date(2026, 1, 2)])
def test_anything_else_stays_as_it_is(plain: Any) -> None:
    assert safe(plain) == ("" if plain is None else str(plain))


async def ask(house: House, caller: str | None, query: str = "") -> Any:
    headers = {"Authorization": f"Bearer {house.tokens[caller]}"} if caller else {}
    async with house.browser() as client:
        return await client.get(f"{house.prefix}api/consortium/pilots{query}", headers=headers)


WHO_MAY_ASK = {
    None: 401,
    "nils": 403,
    "workspace": 403,
    "cluster": 403,
    "gateway": 403,
    "page": 403,
    "maja": 200,
    "henrik": 200,
}


async def test_who_may_ask(house: House) -> None:
    for caller, status in WHO_MAY_ASK.items():
        answer = await ask(house, caller)
        assert answer.status_code == status, caller
        assert ("error" in answer.json()) == (status != 200), caller


async def test_the_api_lists_in_pages_with_the_same_filters(house: House) -> None:
    whole = (await ask(house, "maja")).json()
    assert (whole["total"], whole["offset"], whole["limit"], len(whole["items"])) == (6, 0, 50, 6)
    part = (await ask(house, "maja", "?offset=4&limit=1&sort=title")).json()
    assert part["items"] == whole["items"][4:5]
    found = (await ask(house, "maja", "?country=DK&sector=hospital&state=closing")).json()["items"]
    assert found == [
        {
            "slug": "bones",
            "title": "Bones of children",
            "question": "Why do they mend?",
            "state": "closing",
            "class": "clinical",
            "technique": "7T MR",
            "facility": "MAX IV",
            "starts": "2026-01-01",
            "ends": "2026-12-01",
            "organisations": [
                {"slug": "rigshospitalet", "name": "Rigshospitalet", "sector": "hospital", "country": "DK"},
                {"slug": "company.luu", "name": "Luu Oy", "sector": "company", "country": "FI"},
            ],
            "missing_sectors": ["academia", "infrastructure"],
            "cross_border": True,
            "people": 1,
        }
    ]


async def test_the_api_refuses_what_it_does_not_know(house: House) -> None:
    for query in ("?country=XX", "?state=proposed", "?limit=201", "?offset=-1", "?sort=x", "?sector=spy"):
        assert (await ask(house, "maja", query)).status_code == 422, query
