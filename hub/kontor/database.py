"""The kontor database: engine, sessions, the base of all tables, and bringing a database up to date.

SQLite on one machine, PostgreSQL in production; nothing above this module knows which. Tables live with their
domain (`people.model`, `pilots.model`, `data.model`); what reads and writes them are the stores beside them.
Times are stored as UTC and always carry their zone in Python.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from kontor.errors import KontorError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MILLISECONDS = 10_000


class Base(DeclarativeBase):
    """Base of all tables; constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database. A naive time is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    """This moment, in UTC. Functions that need the time take it as a parameter; this is what callers pass."""
    return datetime.now(UTC)


@cache
def engine_for(url: str) -> Engine:
    """The engine of a database; one per process and address.

    SQLite gets write-ahead logging (readers never wait for the writer), foreign keys that are enforced, and ten
    seconds of patience when another process writes.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


@cache
def session_factory(url: str) -> sessionmaker[Session]:
    """What makes sessions: ``with session_factory(url)() as session, session.begin(): ...``"""
    return sessionmaker(engine_for(url), expire_on_commit=False)


def migrations(url: str) -> Config:
    """Alembic's configuration for a database (no ini file)."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine_for(url)
    return config


def upgrade(url: str) -> None:
    """Bring a database to this program's version; an empty or missing one is made.

    Raises
    ------
    KontorError
        If the database was written by a newer version of Kontor. It is left untouched.
    """
    refuse_newer(url)
    command.upgrade(migrations(url), "head")


def refuse_older(url: str) -> None:
    """Raise KontorError if the database has not been brought to this program's version yet."""
    with engine_for(url).connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    newest = ScriptDirectory.from_config(migrations(url)).get_heads()
    if set(found) != set(newest):
        raise KontorError(
            "The database is older than this program. Start this version once with `kontor up`, which brings it up to "
            "date.",
            code="older_database",
        )


def refuse_newer(url: str) -> None:
    """Raise KontorError if the database has a version that this program does not know."""
    with engine_for(url).connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    script = ScriptDirectory.from_config(migrations(url))
    for version in found:
        try:
            script.get_revision(version)
        except CommandError:
            raise KontorError(
                f"The database was written by a newer version of Kontor (database version {version!r}; this program "
                f"knows up to {script.get_current_head()!r}). Start the newer version, or give another state folder "
                "with --state.",
                code="newer_database",
            ) from None
