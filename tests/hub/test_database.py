"""The database: migrations make what the models say, and a newer database is left alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from kontor.database import engine_for, migrations, session_factory, upgrade
from kontor.errors import KontorError
from kontor.people.model import PersonRow


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'kontor.sqlite'}"
    yield url
    engine_for(url).dispose()


def test_migrations_make_the_tables_of_the_models(url: str) -> None:
    upgrade(url)
    command.check(migrations(url))


def test_upgrading_twice_changes_nothing(url: str) -> None:
    upgrade(url)
    upgrade(url)
    command.check(migrations(url))


def test_a_newer_database_is_refused_and_left_untouched(url: str) -> None:
    upgrade(url)
    with engine_for(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(KontorError, match=r"newer version of Kontor.*'9999'.*--state") as refusal:
        upgrade(url)
    assert refusal.value.code == "newer_database"
    with engine_for(url).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10000)])
def test_every_connection_to_sqlite_is_prepared(url: str, pragma: str, value: object) -> None:
    with engine_for(url).connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def _person(moment: datetime) -> PersonRow:
    return PersonRow(name="u", issuer="demo", subject="s", display_name="S", first_seen=moment)


def test_times_come_back_in_utc(url: str) -> None:
    upgrade(url)
    noon_in_lund = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with session_factory(url)() as session, session.begin():
        session.add(_person(noon_in_lund))
    with session_factory(url)() as session:
        found = session.get_one(PersonRow, "u").first_seen
    assert (found, found.tzinfo) == (noon_in_lund, UTC)


def test_a_time_without_a_zone_is_refused(url: str) -> None:
    upgrade(url)
    with session_factory(url)() as session:
        session.add(_person(datetime(2026, 7, 1, 12)))
        with pytest.raises(Exception, match="without a zone"):
            session.flush()
