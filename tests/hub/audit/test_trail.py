"""Writing: one unbroken chain whoever writes, nothing of what was rolled back, nothing changed afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kontor.audit import proof, reading, trail
from kontor.audit.reading import Wanted
from kontor.database import session_factory
from kontor.site import Site
from tests.hub.audit.conftest import ADA, write

WRITER = """
import sys
from kontor.audit import trail
from kontor.database import session_factory
sessions = session_factory(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    with sessions() as session, session.begin():
        trail.record(session, "lab_started", actor=sys.argv[2])
"""


def test_two_processes_make_one_unbroken_chain(site: Site, session: Session) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, site.database_url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for one in writers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in writers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in writers:
        one.communicate(timeout=120)
        assert one.returncode == 0
    found = proof.verify(session)
    assert (found.holds, found.entries) == (True, 400)
    order = [one.actor for one in reading.entries(session, Wanted())]
    assert order.count("one") == order.count("two") == 200


def test_what_was_read_before_does_not_stop_a_writer(site: Site, session: Session) -> None:
    """Everybody looks before they write; a second writer between the two must not make that fail."""
    write(session, 2)
    with session_factory(site.database_url)() as other:
        assert reading.count(session, Wanted()) == 2
        write(other, 1)
        trail.record(session, "lab_started", actor=ADA)
        session.commit()
    assert proof.verify(session).entries == 4


def test_what_is_rolled_back_leaves_no_trace(session: Session) -> None:
    write(session, 2)
    before = session.execute(text("SELECT number, hash FROM audit_head")).one()
    trail.record(session, "lab_started", actor=ADA)
    session.rollback()
    assert session.execute(text("SELECT number, hash FROM audit_head")).one() == before
    assert reading.count(session, Wanted()) == 2
    write(session, 1)
    assert proof.verify(session).entries == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody' WHERE number = 1",
        "UPDATE audit SET details = '{}'",
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT number, moment, 'x', action, pilot, person, dataset, details, previous, "
        "hash FROM audit WHERE number = 1",
    ],
)
def test_no_entry_is_changed_or_deleted(session: Session, statement: str) -> None:
    write(session, 3)
    with pytest.raises(IntegrityError, match="append-only"):
        session.execute(text(statement))
    session.rollback()
    assert proof.verify(session).entries == 3


def test_an_action_that_nobody_knows_is_a_mistake_of_ours(session: Session) -> None:
    with pytest.raises(ValueError, match="unknown action 'sneezed'"):
        trail.record(session, "sneezed", actor=ADA)
