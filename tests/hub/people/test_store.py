"""People: how they become known, and that nobody is recorded as somebody else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kontor.database import engine_for, session_factory, upgrade
from kontor.errors import KontorError
from kontor.names import account_name
from kontor.people import store

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)
EVENING = MORNING + timedelta(hours=10)
ADA = account_name("demo", "ada")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    upgrade(url)
    with session_factory(url)() as session:
        yield session
    engine_for(url).dispose()


def log_in(session: Session, *, name: str = ADA, display_name: str = "Ada", now: datetime = MORNING) -> store.Person:
    return store.record_login(
        session,
        name=name,
        issuer="demo",
        subject="ada",
        display_name=display_name,
        partner="desy",
        country="DE",
        now=now,
    )


def test_the_issuers_word_is_taken_anew_at_every_login(session: Session) -> None:
    log_in(session)
    log_in(session, display_name="Ada L.", now=EVENING)
    found = store.get(session, ADA)
    assert found is not None
    assert (found.display_name, found.first_seen, found.last_seen) == ("Ada L.", MORNING, EVENING)


def test_somebody_introduced_has_not_been_here(session: Session) -> None:
    person = store.introduce(session, issuer="demo", subject="ada", display_name="Ada", partner=None, country=None)
    assert (person.name, person.last_seen) == (ADA, None)
    assert log_in(session).partner == "desy"


def test_introducing_somebody_known_leaves_them_as_they_are(session: Session) -> None:
    log_in(session)
    same = store.introduce(session, issuer="demo", subject="ada", display_name="Else", partner=None, country=None)
    assert (same.display_name, same.partner, same.last_seen) == ("Ada", "desy", MORNING)


def test_nobody_is_recorded_as_somebody_else(session: Session) -> None:
    with pytest.raises(KontorError) as refusal:
        log_in(session, name=account_name("demo", "eve"))
    assert refusal.value.code == "wrong_account"
    assert store.get(session, ADA) is None


def test_by_names_leaves_out_strangers(session: Session) -> None:
    log_in(session)
    assert set(store.by_names(session, [ADA, "ux", ADA])) == {ADA}
    assert store.by_names(session, []) == {}
