"""Every route is answered as the tables say: roles, other pilots' objects, other sites' pages, narrow tokens, modes.

Each call begins from the same state, and a call that is refused has changed nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest

from kontor.pilots import members
from tests.hub.web.asking import OTHER_PILOT, Lived, lived_in
from tests.hub.web.callers import PILOT, routes_of
from tests.hub.web.documents import set_pilot
from tests.hub.web.house import account
from tests.hub.web.modes_table import IN_MODES, MODES, InMode
from tests.hub.web.routes_table import OBJECTS, ROWS, Row

FOREIGN = [row for row in ROWS if row.objects and row.by_column["lead"] == "+"]
CHANGING_PAGES = [row for row in ROWS if row.of.changes and not row.of.is_api]
CHANGING_API = [row for row in ROWS if row.of.changes and row.of.is_api]
GUARDED_API = [row for row in ROWS if row.of.is_api and row.by_column["nobody"] == "?"]
# tokens that open nothing here: unknown, signed with another key, of a page for somebody else's lab, of a service
BAD_TOKENS = {"no-such-token": 401, "forged": 401, "page": 403, "gateway": 403}
YESTERDAY = date.today() - timedelta(days=1)
MADE_SO = {
    "planning": {"state": "proposed"},
    "expired": {"agreement_ends": YESTERDAY},
    "closing": {"state": "closing", "closed_on": YESTERDAY},
    "record": {"state": "archived", "closed_on": YESTERDAY, "archived_on": YESTERDAY},
}


@pytest.fixture(scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with lived_in(tmp_path_factory.mktemp("lived")) as one:
        yield one
        one.moment.close()


@pytest.fixture(scope="module")
async def leads_both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    """A house in which the lead of the pilot leads the other one, too."""
    async with lived_in(tmp_path_factory.mktemp("both")) as one:
        with one.house.session() as session, session.begin():
            members.add(session, OTHER_PILOT, account("maja"), "lead")
        kept = one.keep()
        yield kept
        kept.moment.close()


@pytest.fixture(scope="module", params=MODES)
async def in_mode(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[str, Lived]]:
    """A house whose pilot is in one of the modes in which it does not work."""
    async with lived_in(tmp_path_factory.mktemp(request.param)) as one:
        set_pilot(one.house, PILOT, **MADE_SO[request.param])
        kept = one.keep()
        yield request.param, kept
        kept.moment.close()


def told(answer: httpx.Response) -> str:
    """What an answer says, for a test that fails."""
    return f"{answer.status_code} {answer.headers.get('location', '')} {answer.text[-600:]}"


async def test_every_route_has_a_row_and_every_row_is_a_route(lived: Lived) -> None:
    routes = {str(one) for one in routes_of(lived.house.app, lived.house.prefix)}
    assert {row.route for row in ROWS} == routes
    assert len({str(row) for row in ROWS}) == len(ROWS), "two rows have the same name"


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_everybody_is_answered_as_the_table_says(lived: Lived, row: Row) -> None:
    found, changed = {}, []
    for column in row.columns:
        lived.moment.again()
        answer = await lived.ask(row, column)
        found[column] = answer.status_code
        if answer.status_code in (401, 403, 404, 409) and not lived.moment.is_still():
            changed.append(column)
    assert found == {column: row.status(sign) for column, sign in row.by_column.items()}
    assert changed == [], "was refused, and changed something"


@pytest.mark.parametrize("row", FOREIGN, ids=str)
async def test_objects_of_another_pilot_are_not_found_in_this_one(leads_both: Lived, row: Row) -> None:
    """Not even for somebody who leads both; with this pilot's own objects the same call succeeds."""
    leads_both.moment.again()
    answer = await leads_both.ask(row, "lead", foreign=True)
    assert answer.status_code in (403, 404), told(answer)
    assert leads_both.moment.is_still()


def test_every_row_that_names_an_object_is_tried_with_one_of_another_pilot() -> None:
    assert {row.route for row in FOREIGN} == {row.route for row in ROWS if row.objects}
    assert {name for row in FOREIGN for name in row.objects} == OBJECTS


@pytest.mark.parametrize("row", CHANGING_PAGES, ids=str)
async def test_only_our_own_pages_change_anything(lived: Lived, row: Row) -> None:
    workspace = f"http://ws-{PILOT}.kontor.localhost:{lived.house.site.ports.public}"
    for origin in (None, "null", workspace):
        lived.moment.again()
        answer = await lived.ask(row, "lead", origin=origin)
        assert answer.status_code == 403, told(answer)
        assert "not_from_our_pages" in answer.text
        assert lived.moment.is_still()


@pytest.mark.parametrize("row", CHANGING_API, ids=str)
async def test_the_token_in_a_lab_changes_nothing(lived: Lived, row: Row) -> None:
    """Code in the lead's lab has it; the lead's own token with the scope for changes may more."""
    lived.moment.again()
    answer = await lived.ask(row, "lab")
    assert answer.status_code == 403, told(answer)
    if row.by_column["lead"] != "-":
        assert answer.json()["error"]["code"] == "narrow_token"
    assert lived.moment.is_still()


@pytest.mark.parametrize("row", GUARDED_API, ids=str)
async def test_tokens_that_are_none_of_ours(lived: Lived, row: Row) -> None:
    for token, status in BAD_TOKENS.items():
        lived.moment.again()
        answer = await lived.ask(row, "lead", token=lived.house.tokens.get(token, token))
        assert answer.status_code == status, (token, told(answer))
        assert lived.moment.is_still()


def test_every_route_that_changes_a_pilot_is_in_the_table_of_modes() -> None:
    assert {row.route for row in ROWS if row.of.changes and "{slug}" in row.route} <= {
        one.row.route for one in IN_MODES
    }


@pytest.mark.parametrize("one", IN_MODES, ids=lambda one: str(one.row))
async def test_what_is_closed_while_a_pilot_does_not_work(in_mode: tuple[str, Lived], one: InMode) -> None:
    mode, lived = in_mode
    found, changed, expected = {}, [], {column: one.row.status(sign) for column, sign in one.by_column(mode).items()}
    if one.row.of.is_api:
        expected |= dict.fromkeys(("workspace", "cluster"), 403)
    for column in expected:
        lived.moment.again()
        answer = await lived.ask(one.row, column)
        found[column] = answer.status_code
        if answer.status_code in (401, 403, 404, 409) and not lived.moment.is_still():
            changed.append(column)
    assert found == expected
    assert changed == [], "was refused, and changed something"
