"""What happens every few minutes is told once an hour for each actor and pilot."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kontor.audit import hourly, proof, reading
from kontor.audit.reading import Wanted
from kontor.site import Site
from tests.hub.audit.conftest import ADA, BOB, START

KEYS = Wanted(actions=frozenset({"data_attached"}))


def told(session: Session, actor: str, pilot: str, minutes: float) -> bool:
    now = START + timedelta(minutes=minutes)
    return hourly.record(session, "data_attached", actor=actor, pilot=pilot, now=now, role="editor")


@pytest.mark.parametrize(
    ("actor", "pilot", "minutes", "expected"),
    [
        pytest.param(ADA, "knee-mr", 0, False, id="at once"),
        pytest.param(ADA, "knee-mr", 15, False, id="the next renewal"),
        pytest.param(ADA, "knee-mr", 59.9, False, id="just before the hour"),
        pytest.param(ADA, "knee-mr", 60, True, id="after the hour"),
        pytest.param(BOB, "knee-mr", 15, True, id="somebody else"),
        pytest.param(ADA, "sepsis-proteome", 15, True, id="another pilot"),
    ],
)
def test_once_an_hour(session: Session, actor: str, pilot: str, minutes: float, expected: bool) -> None:
    assert told(session, ADA, "knee-mr", 0)
    assert told(session, actor, pilot, minutes) is expected
    assert reading.count(session, KEYS) == 1 + expected


def test_what_was_told_in_a_transaction_that_failed_is_told_again(session: Session) -> None:
    assert told(session, ADA, "knee-mr", 0)
    session.rollback()
    assert told(session, ADA, "knee-mr", 1)


def test_a_day_of_renewals(session: Session) -> None:
    for minutes in range(0, 24 * 60, 12):
        told(session, ADA, "knee-mr", minutes)
    session.commit()
    assert reading.count(session, KEYS) == 24
    assert proof.verify(session).holds


ASKER = """
import sys
from datetime import datetime
from kontor.audit import hourly
from kontor.database import session_factory
sessions, now = session_factory(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for one in range(40):
    with sessions() as session, session.begin():
        hourly.record(session, "data_attached", actor=f"ws-pilot-{one}", pilot="p", now=now, role="editor")
"""


def test_two_requests_at_once_make_one_entry(site: Site, session: Session) -> None:
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ASKER, site.database_url, START.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for one in askers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in askers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in askers:
        one.communicate(timeout=60)
        assert one.returncode == 0
    assert reading.count(session, KEYS) == 40
