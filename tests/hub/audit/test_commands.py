"""`kontor audit verify` and `kontor audit export`, as somebody types them."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from kontor.audit import proof, reading, witness
from kontor.audit.reading import Wanted
from kontor.cli.main import main
from kontor.database import engine_for, migrations, session_factory
from kontor.pilots import demo
from kontor.site import Site, database_url
from tests.hub.audit.conftest import ADA, BOB, as_attacker, write

EXPORTED = Wanted(actions=frozenset({"log_exported"}))


def kontor(site: Site, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments, "--state", str(site.state)])


def test_verify_an_untouched_log(site: Site, session: Session) -> None:
    write(session, 5)
    witness.note(site)
    done = kontor(site, "verify")
    assert done.exit_code == 0, done.output
    assert "5 entries. The witness agrees up to entry 5." in done.output
    assert proof.verify(session).head in done.output


def test_verify_while_somebody_is_writing(site: Site, session: Session) -> None:
    write(session, 5)
    with session_factory(site.database_url)() as other:
        other.connection().exec_driver_sql("BEGIN IMMEDIATE")
        assert kontor(site, "verify").exit_code == 0


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE audit SET actor = 'x' WHERE number = 3", "Entry 3 was changed after it was written."),
        ("DELETE FROM audit WHERE number = 3", "Entry 3 is missing; what follows is entry 4."),
    ],
)
def test_verify_a_log_that_was_changed(site: Site, session: Session, statement: str, says: str) -> None:
    write(session, 5)
    as_attacker(session, statement)
    done = kontor(site, "verify")
    assert done.exit_code == 1
    assert says in done.output


def test_no_database_is_a_sentence_and_makes_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["audit", "verify", "--state", str(tmp_path)])
    assert done.exit_code == 1
    assert "There is no database in" in done.output
    assert list(tmp_path.iterdir()) == []


def test_an_older_database_is_a_sentence_and_left_alone(tmp_path: Path) -> None:
    url = database_url(tmp_path)
    command.upgrade(migrations(url), "0001")
    done = CliRunner().invoke(main, ["audit", "verify", "--state", str(tmp_path)])
    assert done.exit_code == 1
    assert "The database is older than this program. Start this version once" in done.output
    engine_for(url).dispose()


@pytest.fixture
def filled(site: Site, session: Session) -> Session:
    demo.seed(session)
    write(session, 4)
    return session


def test_export_the_whole_log(site: Site, filled: Session, tmp_path: Path) -> None:
    out = tmp_path / "log.html"
    number = reading.count(filled, Wanted())
    actions = {one.action for one in reading.entries(filled, Wanted())}
    done = kontor(site, "export", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert f"{number} entries" in done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    html = out.read_text("utf-8")
    assert html.count("<tr>") == 1 + number + 1 + len(actions)
    assert "The log of all pilots" in html
    assert "Maja Lindqvist" in html
    assert proof.verify(filled).holds
    (entry,) = reading.entries(filled, EXPORTED)
    assert (entry.actor, entry.pilot, entry.details["entries"], entry.details["chain"]) == (
        *("kontor", None),
        *(number, "holds"),
    )


def test_export_a_part(site: Site, filled: Session, tmp_path: Path) -> None:
    out = tmp_path / "log.html"
    done = kontor(
        site,
        *("export", "--pilot", "knee-mr", "--person", BOB, "--from", "2026-06-01", "--until", "2026-06-01"),
        *("--out", str(out)),
    )
    assert done.exit_code == 0, done.output
    html = out.read_text("utf-8")
    assert re.search(r"<dt>Entries</dt><dd>4</dd>", html)
    assert "1 June 2026" in html
    (entry,) = reading.entries(filled, EXPORTED)
    assert (entry.pilot, entry.person) == ("knee-mr", BOB)


def test_export_a_log_that_was_changed_says_so(site: Site, filled: Session, tmp_path: Path) -> None:
    as_attacker(filled, f"UPDATE audit SET actor = '{ADA}' WHERE number = 3")
    out = tmp_path / "log.html"
    assert kontor(site, "export", "--out", str(out)).exit_code == 0
    html = out.read_text("utf-8")
    assert '<p class="state wrong"><strong>No.</strong> Entry 3 was changed' in html


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--pilot", "no-such"], 1, "The log knows no pilot 'no-such'"),
        (["--person", "maja"], 1, "The log knows no account 'maja'"),
        (["--from", "yesterday"], 2, "does not match the format"),
        (["--from", "2026-06-02", "--until", "2026-06-01"], 1, "The last day is before the first"),
        (["--from", "0001-01-01"], 1, "between the years 2000 and 2999"),
        (["--until", "9999-12-31"], 1, "between the years 2000 and 2999"),
        (["--out", "/no/such/folder/log.html"], 1, "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_a_sentence(
    site: Site, filled: Session, tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    out = tmp_path / "log.html"
    done = kontor(site, "export", "--out", str(out), *arguments)
    assert done.exit_code == code
    assert says in done.output
    assert not out.exists()
    assert reading.count(filled, EXPORTED) == 0


def test_a_file_that_is_there_stays(site: Site, filled: Session, tmp_path: Path) -> None:
    out = tmp_path / "log.html"
    out.write_text("mine")
    done = kontor(site, "export", "--out", str(out))
    assert done.exit_code == 1
    assert "exists already" in done.output
    assert out.read_text() == "mine"
