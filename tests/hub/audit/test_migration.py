"""A database of the first version, with what people did in it, becomes one of this version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from kontor.audit import proof, reading, trail
from kontor.audit.reading import Wanted
from kontor.data import catalogue
from kontor.database import engine_for, migrations, session_factory, upgrade
from kontor.people import store as people
from kontor.pilots import members, store
from tests.hub.audit.conftest import ADA, BOB, EVE

ROWS = {
    "person": [
        (ADA, "demo", "ada", "Ada Lovelace", "ku", "DK", "2026-05-01 08:00:00.000000", None),
        (BOB, "demo", "bob", "Bob of Lund", None, None, "2026-05-01 08:00:00.000000", "2026-05-02 08:00:00.123456"),
        (EVE, "demo", "eve", "Eve", "skane", "SE", "2026-05-01 08:00:00.000000", None),
    ],
    "pilot": [
        ("zinc", "Zinc", "Why?", "open", "active", "MR", "MAX IV", "10.ipynb", "2026-05-01", None),
        ("amber", "Amber", "How?", "clinical", "archived", None, None, None, "2025-05-01", "2026-01-01"),
    ],
    "data_set": [
        (
            *("zinc", "scan", "A scan. Of zinc.", "MR", "nifti", 9_000_000_000, "0" * 64, "Lund", "CC0", None),
            *("", "raw/zinc/scan/a.nii", None, None, "2026-05-03 08:00:00.000000"),
        )
    ],
    "membership": [
        ("zinc", ADA, "lead", "2026-05-01 08:00:00.000000", None),
        ("zinc", BOB, "editor", "2026-05-01 09:00:00.000000", "2026-05-04 08:00:00.000000"),
        ("amber", EVE, "lead", "2025-05-01 08:00:00.000000", None),
    ],
    "event": [
        (1, "2026-05-01 08:00:00.000000", "zinc", None, "pilot_started", "The pilot is open."),
        (2, "2026-05-01 08:00:01.000000", "zinc", ADA, "member_added", "Ada Lovelace joined as lead."),
        (3, "2026-05-01 09:00:00.500000", "zinc", BOB, "member_added", "Bob of Lund joined as viewer."),
        (5, "2026-05-02 08:00:00.000000", "zinc", BOB, "role_changed", "Bob of Lund is now editor."),
        (6, "2026-05-03 08:00:00.000000", "zinc", None, "data_added", "New data: A scan. Of zinc.."),
        (7, "2026-05-03 09:00:00.000000", "zinc", BOB, "workspace_opened", "Bob of Lund opened the workspace."),
        (8, "2026-05-04 08:00:00.000000", "zinc", BOB, "member_left", "Bob of Lund left."),
    ],
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    command.upgrade(migrations(url), "0001")
    with engine_for(url).begin() as connection:
        for table, rows in ROWS.items():
            for row in rows:
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    yield url
    engine_for(url).dispose()


def old_columns(engine: Engine, table: str) -> str:
    with engine.connect() as connection:
        return ", ".join(f'"{row.name}"' for row in connection.execute(text(f"PRAGMA table_info({table})")))


def test_every_row_is_kept(url: str) -> None:
    engine = engine_for(url)
    columns = {table: old_columns(engine, table) for table in ROWS if table != "event"}
    upgrade(url)
    with engine.connect() as connection:
        for table, names in columns.items():
            found = {tuple(row) for row in connection.execute(text(f"SELECT {names} FROM {table}"))}
            assert found == set(ROWS[table]), table
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_what_was_kept_is_used_by_this_version(url: str) -> None:
    upgrade(url)
    now = datetime(2026, 5, 5, tzinfo=UTC)
    with session_factory(url)() as session, session.begin():
        assert {one.slug: (one.number, one.version) for one in store.everything(session)} == {
            "amber": (1, 1),
            "zinc": (2, 1),
        }
        assert [(one.person, one.role) for one in members.of(session, "zinc", now=now)] == [(ADA, "lead")]
        assert catalogue.get(session, "zinc", "scan") is not None
        person = people.get(session, BOB)
        assert person is not None
        assert person.last_seen == datetime(2026, 5, 2, 8, 0, 0, 123456, tzinfo=UTC)
        members.add(session, "zinc", EVE, "viewer", by=ADA, now=now)


def test_the_lines_of_what_was_new_are_the_first_entries(url: str) -> None:
    upgrade(url)
    with session_factory(url)() as session:
        found = proof.verify(session)
        assert (found.holds, found.entries) == (True, 7)
        told = [
            (one.number, one.actor, one.action, one.person, one.details)
            for one in reversed(reading.entries(session, Wanted(pilot="zinc")))
        ]
        assert told == [
            (1, "kontor", "pilot_started", None, {}),
            (2, "kontor", "member_added", ADA, {"role": "lead"}),
            (3, "kontor", "member_added", BOB, {"role": "viewer"}),
            (4, "kontor", "role_changed", BOB, {"role": "editor"}),
            (5, "kontor", "data_added", None, {"title": "A scan. Of zinc."}),
            (6, BOB, "workspace_opened", BOB, {}),
            (7, BOB, "member_left", BOB, {}),
        ]
        trail.record(session, "lab_started", actor=ADA)
        session.commit()
        assert proof.verify(session).entries == 8
        third = reading.entries(session, Wanted())[-3]
        assert third.moment == datetime(2026, 5, 1, 9, 0, 0, 500000, tzinfo=UTC)


def test_no_name_is_in_the_log(url: str) -> None:
    upgrade(url)
    with engine_for(url).connect() as connection:
        whole = " ".join(str(tuple(row)) for row in connection.execute(text("SELECT * FROM audit")))
    assert "Ada" not in whole
    assert "Bob" not in whole


def test_it_is_locked_afterwards(url: str) -> None:
    upgrade(url)
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "REPLACE INTO audit SELECT * FROM audit"):
        with pytest.raises(IntegrityError, match="append-only"), engine_for(url).begin() as connection:
            connection.execute(text(statement))


def test_an_empty_first_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    command.upgrade(migrations(url), "0001")
    upgrade(url)
    with session_factory(url)() as session:
        assert proof.verify(session).holds
        trail.record(session, "lab_started", actor=ADA)
        session.commit()
        assert proof.verify(session).entries == 1
    engine_for(url).dispose()
