"""Every start of a lab is in the audit log; one that is refused or cannot be recorded does not happen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kontor.audit import reading
from kontor.audit.groups import GROUPS
from kontor.audit.reading import Wanted
from kontor.cli.state import SECRETS
from kontor.database import engine_for, session_factory, upgrade
from kontor.errors import NotAllowed
from kontor.names import account_name
from kontor.pilots import demo
from kontor.settings import Settings
from kontor.site import Ports, Site
from kontor.warmstart.spawner import LabSpawner

STARTS = Wanted(actions=GROUPS["computing"].actions)
MAJA = account_name("demo", "maja-0001@demo.kontor.localhost")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path / "state", Settings(), Ports.choose(8000), tmp_path / "sockets")
    found.make_secrets(SECRETS)
    upgrade(found.database_url)
    with session_factory(found.database_url)() as session, session.begin():
        demo.seed(session)
    yield found
    engine_for(found.database_url).dispose()


def prepare(site: Site, account: str) -> Path:
    spawner = LabSpawner(site=site)
    spawner.user = SimpleNamespace(name=account)
    folder: Path = spawner._prepare()
    return folder


def told(site: Site) -> list[tuple[str, str, str | None]]:
    with session_factory(site.database_url)() as session:
        return [(one.action, one.actor, one.pilot) for one in reading.entries(session, STARTS)]


@pytest.mark.parametrize(
    ("account", "expected"),
    [(MAJA, ("lab_started", MAJA, None)), ("ws-knee-mr", ("workspace_started", "ws-knee-mr", "knee-mr"))],
    ids=["person", "workspace"],
)
def test_a_start_is_told(site: Site, account: str, expected: tuple[str, str, str | None]) -> None:
    assert prepare(site, account).is_dir()
    assert told(site) == [expected]
    prepare(site, account)
    assert told(site) == [expected, expected]


@pytest.mark.parametrize("account", [account_name("demo", "nobody"), "ws-no-such"], ids=["person", "workspace"])
def test_a_refused_start_is_not_told(site: Site, account: str) -> None:
    with pytest.raises(NotAllowed):
        prepare(site, account)
    assert told(site) == []


@pytest.mark.parametrize("account", [MAJA, "ws-knee-mr"], ids=["person", "workspace"])
def test_what_cannot_be_recorded_does_not_start(site: Site, account: str) -> None:
    with engine_for(site.database_url).begin() as connection:
        connection.execute(text("ALTER TABLE audit_head RENAME TO gone"))
    with pytest.raises(SQLAlchemyError):
        prepare(site, account)
