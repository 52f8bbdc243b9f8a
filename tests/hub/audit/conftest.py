"""A log of a made-up house, in a real database with its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.database import engine_for, session_factory, upgrade
from kontor.settings import Settings
from kontor.site import Ports, Site

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
ADA, BOB, EVE = ("u" + letter * 24 for letter in "abc")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path, Settings(), Ports.choose(8000), tmp_path / "sockets")
    upgrade(found.database_url)
    yield found
    engine_for(found.database_url).dispose()


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with session_factory(site.database_url)() as session:
        yield session


def write(session: Session, number: int, *, start: datetime = START) -> None:
    """Entries as a pilot makes them, a minute apart."""
    for one in range(number):
        now = start + timedelta(minutes=one)
        trail.record(
            session, "role_changed", actor=ADA, pilot="knee-mr", person=BOB, now=now, role="editor", before="viewer"
        )
    session.commit()


def as_attacker(session: Session, *statements: str) -> None:
    """Somebody with the database in their hands: first the triggers go, then they do as they like."""
    for trigger in ("audit_no_update", "audit_no_delete", "audit_no_replace"):
        session.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
    for statement in statements:
        session.execute(text(statement))
    session.commit()
