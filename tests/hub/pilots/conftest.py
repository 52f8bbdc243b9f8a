"""A fresh database, and two people in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kontor.database import engine_for, session_factory, upgrade
from kontor.people import store as people


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    upgrade(url)
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
