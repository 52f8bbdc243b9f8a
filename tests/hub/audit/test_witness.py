"""The witness: a line when the log has moved, private, only ever longer."""

from __future__ import annotations

import json
import logging
import stat
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kontor.audit import witness
from kontor.audit.witness import Witness
from kontor.site import Site
from tests.hub.audit.conftest import START, as_attacker, write


def lines(site: Site) -> list[int | None]:
    return [None if one is None else one.number for one in Witness(witness.file_of(site.state))]


def test_a_line_when_the_log_has_moved(site: Site, session: Session) -> None:
    assert not witness.note(site)
    write(session, 3)
    assert witness.note(site, now=START)
    assert not witness.note(site, now=START + timedelta(minutes=1))
    write(session, 1)
    assert witness.note(site, now=START + timedelta(minutes=2))
    assert lines(site) == [3, 4]
    path = witness.file_of(site.state)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    first = json.loads(path.read_text().splitlines()[0])
    assert first["number"] == 3
    assert first["moment"] == START.isoformat()
    assert len(first["hash"]) == 64


def test_what_was_written_stays(site: Site, session: Session) -> None:
    path = witness.file_of(site.state)
    before = ""
    for _ in range(5):
        write(session, 2)
        witness.note(site)
        assert path.read_text().startswith(before)
        before = path.read_text()
    assert lines(site) == [2, 4, 6, 8, 10]


def test_a_line_that_a_crash_cut_off_is_written_anew(site: Site, session: Session) -> None:
    write(session, 3)
    witness.note(site)
    path = witness.file_of(site.state)
    with path.open("a") as file:
        file.write('{"hash":"12')
    assert lines(site) == [3]
    write(session, 1)
    assert witness.note(site)
    assert lines(site) == [3, 4]


def test_a_log_that_has_become_shorter_is_told(site: Site, session: Session, caplog: pytest.LogCaptureFixture) -> None:
    write(session, 5)
    witness.note(site)
    as_attacker(session, "UPDATE audit_head SET number = 3")
    with caplog.at_level(logging.ERROR, "kontor.audit"):
        assert witness.note(site)
    assert "ends with entry 3; it had ended with entry 5" in caplog.text
    assert lines(site) == [5, 3]


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"number":true}', '{"number":0,"hash":"","moment":""}', "\x00" * 900]
)
def test_what_cannot_be_read_is_not_passed_over(site: Site, session: Session, line: str) -> None:
    write(session, 1)
    witness.note(site)
    path = witness.file_of(site.state)
    path.write_text(line + "\n" + path.read_text())
    found = lines(site)
    assert found[0] is None
    assert found[-1] == 1


def test_no_database_and_no_room_stop_nobody(site: Site, session: Session, caplog: pytest.LogCaptureFixture) -> None:
    write(session, 1)
    (site.state / "audit").write_text("a file where the folder should be")
    assert not witness.note(site)
    as_attacker(session, "DROP TABLE audit_head")
    assert not witness.note(site)
    assert caplog.text.count("could not be written, will try again") == 2


def test_no_witness_is_no_line() -> None:
    assert list(Witness(None)) == []
    assert not Witness(None).there
