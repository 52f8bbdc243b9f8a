"""A fresh database, and two people in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.orm import Session

from kontor.database import engine_for, session_factory, upgrade
from kontor.people import store as people


@cache
def _migrated() -> bytes:
    """A database without rows; made once, because that takes longer than a test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kontor.sqlite"
        url = f"sqlite:///{path}"
        upgrade(url)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        engine_for(url).dispose()
        return path.read_bytes()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    (tmp_path / "kontor.sqlite").write_bytes(_migrated())
    with session_factory(url)() as session:
        yield session
    engine_for(url).dispose()


@pytest.fixture
def ada(session: Session) -> str:
    return _person(session, "ada")


@pytest.fixture
def ben(session: Session) -> str:
    return _person(session, "ben")


def _person(session: Session, subject: str) -> str:
    return people.introduce(
        session, issuer="demo", subject=subject, display_name=subject.title(), partner=None, country=None
    ).name
