"""Reading: the right entries in the right order, counted, and found by an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from kontor.audit import reading
from kontor.audit.groups import GROUPS
from kontor.audit.model import EntryRow
from kontor.audit.reading import Wanted
from kontor.database import engine_for, session_factory, upgrade
from tests.hub.audit.conftest import START

ENTRIES, PILOTS, PEOPLE = 20_000, 75, 1000


def _row(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "moment": START + timedelta(minutes=number),
        "actor": f"u{number % PEOPLE:024d}",
        "action": ("role_changed", "signed_in", "data_attached")[number % 3],
        "pilot": None if number % 3 == 1 else f"pilot-{number % PILOTS}",
        "person": f"u{(number * 7) % PEOPLE:024d}" if number % 3 == 0 else None,
        "dataset": f"pilot-{number % PILOTS}/scan" if number % 50 == 2 else None,
        "details": "{}",
        "previous": "0" * 64,
        "hash": "0" * 64,
    }


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A log of 20,000 entries of 75 pilots; its chain does not matter here."""
    url = f"sqlite:///{Path(tmp_path_factory.mktemp('big')) / 'kontor.sqlite'}"
    upgrade(url)
    with session_factory(url)() as session:
        session.execute(text("DROP TRIGGER audit_no_replace"))
        session.execute(insert(EntryRow), [_row(number) for number in range(1, ENTRIES + 1)])
        session.commit()
        yield session
    engine_for(url).dispose()


def _moment(number: int) -> datetime:
    return START + timedelta(minutes=number)


SOMEBODY = f"u{21:024d}"
CASES = [
    pytest.param(Wanted(), lambda row: True, "PRIMARY KEY|rowid|SCAN audit", id="everything"),
    pytest.param(Wanted(pilot="pilot-3"), lambda row: row["pilot"] == "pilot-3", "ix_audit_pilot_number", id="pilot"),
    pytest.param(
        Wanted(person=SOMEBODY),
        lambda row: SOMEBODY in (row["actor"], row["person"]),
        "ix_audit_actor & ix_audit_person",
        id="person, who did it or had it done",
    ),
    pytest.param(
        Wanted(dataset="pilot-2/scan"), lambda row: row["dataset"] == "pilot-2/scan", "ix_audit_dataset", id="data set"
    ),
    pytest.param(
        Wanted(since=_moment(19_000), until=_moment(19_100)),
        lambda row: _moment(19_000) <= row["moment"] < _moment(19_100),
        "ix_audit_moment",
        id="days",
    ),
    pytest.param(
        Wanted(pilot="pilot-3", actions=GROUPS["members"].actions),
        lambda row: row["pilot"] == "pilot-3" and row["action"] == "role_changed",
        "ix_audit_pilot_number",
        id="pilot and group",
    ),
    pytest.param(
        Wanted(pilot="pilot-3", person=SOMEBODY, since=_moment(100)),
        lambda row: (
            row["pilot"] == "pilot-3" and SOMEBODY in (row["actor"], row["person"]) and row["moment"] >= _moment(100)
        ),
        "ix_audit_pilot_number",
        id="pilot, person and day",
    ),
]


def plan(session: Session, question: Any) -> str:
    compiled = question.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    return " ".join(row[-1] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))


@pytest.mark.parametrize(("wanted", "is_in", "index"), CASES)
def test_the_right_entries_newest_first(big: Session, wanted: Wanted, is_in: Any, index: str) -> None:
    expected = [number for number in range(ENTRIES, 0, -1) if is_in(_row(number))]
    assert expected
    assert reading.count(big, wanted) == len(expected)
    assert [one.number for one in reading.entries(big, wanted, limit=200)] == expected[:200]
    assert [one.number for one in reading.entries(big, wanted, offset=3, limit=5)] == expected[3:8]
    assert reading.entries(big, wanted, offset=len(expected), limit=5) == []


@pytest.mark.parametrize(("wanted", "is_in", "index"), CASES[1:])
def test_an_index_finds_them(big: Session, wanted: Wanted, is_in: Any, index: str) -> None:
    for question in (
        reading.newest(wanted, limit=50),
        select(func.count()).select_from(EntryRow).where(*wanted.conditions),
    ):
        found = plan(big, question)
        assert all(name in found for name in index.split(" & ")), found
        assert "SCAN audit" not in found


def test_a_page_of_a_large_log_is_quick(big: Session) -> None:
    def look() -> float:
        begin = perf_counter()
        for wanted in (Wanted(), Wanted(pilot="pilot-3"), Wanted(person=SOMEBODY)):
            reading.entries(big, wanted, limit=50)
            reading.count(big, wanted)
        reading.accounts(big, "pilot-3")
        reading.datasets(big, "pilot-3")
        return perf_counter() - begin

    assert min(look() for _ in range(3)) < 0.1


def test_what_there_is_to_choose(big: Session) -> None:
    assert reading.datasets(big, "pilot-2") == ["pilot-2/scan"]
    assert reading.datasets(big, "pilot-3") == []
    rows = [_row(number) for number in range(1, ENTRIES + 1)]
    expected = {row[key] for row in rows if row["pilot"] == "pilot-3" for key in ("actor", "person") if row[key]}
    assert reading.accounts(big, "pilot-3") == expected
    assert reading.accounts(big, "no-such-pilot") == set()
    assert len(reading.accounts(big)) == PEOPLE
    assert set(reading.pilots(big)) == {row["pilot"] for row in rows if row["pilot"]}


def test_entries_between_moments(big: Session) -> None:
    edges = [_moment(10), _moment(11), _moment(20), _moment(20), _moment(26)]
    assert reading.between(big, Wanted(), edges) == [1, 9, 0, 6]
    assert reading.between(big, Wanted(pilot="pilot-15"), edges) == [0, 1, 0, 0]
    assert reading.between(big, Wanted(), [_moment(ENTRIES + 1), _moment(ENTRIES + 2)]) == [0]
