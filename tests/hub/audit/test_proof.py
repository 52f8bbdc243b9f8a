"""The proof: each way of changing the log behind our back is found, and named."""

from __future__ import annotations

import json
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kontor.audit import proof, witness
from kontor.audit.model import EntryRow
from kontor.audit.trail import FIRST, hash_of
from kontor.database import session_factory
from kontor.site import Site
from tests.hub.audit.conftest import EVE, START, as_attacker, write


def rehash(session: Session, first: int, last: int | None = None) -> None:
    """Make entries fit again from `first` on, with the head, as an attacker who knows how would."""
    as_attacker(session)
    session.expire_all()
    rows = list(session.scalars(select(EntryRow).order_by(EntryRow.number)))
    previous = FIRST
    for row in rows:
        if first <= row.number <= (last or row.number):
            row.previous = previous
            row.hash = hash_of(row)
        previous = row.hash
    if last is None:
        session.execute(text("UPDATE audit_head SET number = :n, hash = :h"), {"n": rows[-1].number, "h": previous})
    session.commit()


def test_an_untouched_log_holds(session: Session) -> None:
    assert proof.verify(session).holds
    assert proof.verify(session).head == FIRST
    write(session, 20)
    found = proof.verify(session)
    assert (found.holds, found.entries, found.witnessed, found.seen) == (True, 20, 0, 0)
    assert found.head == session.scalar(text("SELECT hash FROM audit_head"))
    assert "20 entries" in found.sentence
    assert "no witness" in found.sentence


SHIFT_UP = (
    "UPDATE audit SET number = -number - 1 WHERE number >= 8",
    "UPDATE audit SET number = -number WHERE number < 0",
)
SHIFT_DOWN = ("DELETE FROM audit WHERE number = 8", "UPDATE audit SET number = number - 1 WHERE number > 8")
SWAP = (
    "UPDATE audit SET number = -1 WHERE number = 8",
    "UPDATE audit SET number = 8 WHERE number = 12",
    "UPDATE audit SET number = 12 WHERE number = -1",
)
COPY = "INSERT INTO audit SELECT {n}, moment, actor, action, pilot, person, dataset, details, previous, hash FROM audit"


@pytest.mark.parametrize(
    ("statements", "kind", "number", "says"),
    [
        pytest.param(
            [f"UPDATE audit SET actor = '{EVE}' WHERE number = 8"], "changed", 8, "Entry 8 was ch", id="actor"
        ),
        pytest.param(["UPDATE audit SET moment = '2026-06-01 09:00:00'"], "changed", 1, "Entry 1 was ch", id="moment"),
        pytest.param(
            ["UPDATE audit SET pilot = NULL WHERE number = 20"], "changed", 20, "Entry 20 was", id="pilot, last"
        ),
        pytest.param(
            ["UPDATE audit SET details = '{}' WHERE number = 8"], "changed", 8, "Entry 8 was ch", id="details"
        ),
        pytest.param(["UPDATE audit SET details = 'x' WHERE number = 8"], "changed", 8, "Entry 8 was ch", id="no JSON"),
        pytest.param(
            ["UPDATE audit SET details = replace(details, ':', ': ') WHERE number = 8"], "changed", 8, "8", id="spaces"
        ),
        pytest.param(
            ["UPDATE audit SET moment = 'noon' WHERE number = 8"], "changed", 8, "Entry 8 was", id="no moment"
        ),
        pytest.param(["UPDATE audit SET actor = x'ff' WHERE number = 8"], "changed", 8, "Entry 8 was", id="bytes"),
        pytest.param(
            ["UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE number = 8"], "unreadable", 1, "read", id="no text"
        ),
        pytest.param(["UPDATE audit SET hash = '00' WHERE number = 8"], "changed", 8, "Entry 8 was changed", id="hash"),
        pytest.param(["DELETE FROM audit WHERE number = 8"], "missing", 8, "Entry 8 is missing", id="deleted"),
        pytest.param(
            ["DELETE FROM audit WHERE number < 8"], "missing", 1, "Entry 1 is missing", id="beginning deleted"
        ),
        pytest.param(SHIFT_DOWN, "moved", 8, "Entry 8 was written as entry 9", id="deleted and closed up"),
        pytest.param(
            [*SHIFT_UP, COPY.format(n=8) + " WHERE number = 7"], "moved", 8, "written as entry 7", id="inserted copy"
        ),
        pytest.param([COPY.format(n=0) + " WHERE number = 1"], "extra", 0, "an entry 0", id="before the first"),
        pytest.param(SWAP, "moved", 8, "Entry 8 was written as entry 12", id="reordered"),
        pytest.param(["DELETE FROM audit WHERE number > 17"], "cut_off", 18, "ends with entry 17", id="truncated"),
        pytest.param(["DELETE FROM audit"], "cut_off", 1, "ends with entry 0", id="emptied"),
        pytest.param(
            [COPY.format(n=21) + " WHERE number = 20"], "moved", 21, "written as entry 20", id="appended copy"
        ),
        pytest.param(["DELETE FROM audit_head"], "no_head", None, "where the log ends", id="head deleted"),
        pytest.param(["UPDATE audit_head SET number = 19"], "extra", 20, "Entry 20 was put in", id="head moved back"),
        pytest.param(["UPDATE audit_head SET hash = '00'"], "replaced", 20, "Entry 20 was replaced", id="head changed"),
    ],
)
def test_each_way_of_changing_the_log_is_named(
    session: Session, statements: list[str], kind: str, number: int | None, says: str
) -> None:
    write(session, 20)
    as_attacker(session, *statements)
    found = proof.verify(session)
    assert found.finding is not None
    assert (found.finding.kind, found.finding.number) == (kind, number)
    assert says in found.sentence
    assert not found.holds
    if kind in ("changed", "moved", "missing", "cut_off"):
        assert found.entries == (number or 1) - 1


def test_an_entry_that_was_replaced_and_fits_itself(session: Session) -> None:
    write(session, 20)
    as_attacker(session, f"UPDATE audit SET actor = '{EVE}' WHERE number = 8")
    rehash(session, 8, 8)
    found = proof.verify(session).finding
    assert found is not None
    assert (found.kind, found.number) == ("replaced", 8)


def test_an_entry_put_in_by_hand_at_the_end(session: Session) -> None:
    write(session, 20)
    as_attacker(session, COPY.format(n=21) + " WHERE number = 20")
    rehash(session, 21, 21)
    found = proof.verify(session).finding
    assert found is not None
    assert (found.kind, found.number) == ("extra", 21)


def test_a_first_entry_that_follows_another(session: Session) -> None:
    write(session, 3)
    as_attacker(session, "UPDATE audit SET previous = hash WHERE number = 1")
    row = session.get_one(EntryRow, 1, populate_existing=True)
    row.hash = hash_of(row)
    session.commit()
    found = proof.verify(session).finding
    assert found is not None
    assert (found.kind, found.number) == ("replaced", 1)


@pytest.fixture
def seen(site: Site, session: Session) -> Path:
    """The witness of a log of 20 entries that it saw after 8, 12 and 20."""
    for one, number in enumerate((8, 4, 8)):
        write(session, number, start=START + timedelta(hours=one))
        assert witness.note(site, now=START + timedelta(hours=one))
    return witness.file_of(site.state)


def test_the_witness_agrees(session: Session, seen: Path) -> None:
    found = proof.verify(session, seen)
    assert (found.holds, found.witnessed, found.seen) == (True, 3, 20)
    assert "agrees up to entry 20" in found.sentence
    write(session, 5)
    found = proof.verify(session, seen)
    assert (found.holds, found.entries, found.seen) == (True, 25, 20)


def test_a_whole_chain_that_was_written_anew_is_convicted_by_the_witness(session: Session, seen: Path) -> None:
    as_attacker(session, f"UPDATE audit SET actor = '{EVE}' WHERE number = 10")
    rehash(session, 10)
    assert proof.verify(session).holds, "the chain alone cannot tell"
    found = proof.verify(session, seen)
    assert found.finding is not None
    assert (found.finding.kind, found.finding.number) == ("rewritten", 12)
    assert "an entry from 9 to 12 was changed" in found.sentence
    assert found.entries == 11


def test_a_log_cut_off_with_its_head_is_convicted_by_the_witness(session: Session, seen: Path) -> None:
    as_attacker(session, "DELETE FROM audit WHERE number > 15")
    rehash(session, 15)
    assert proof.verify(session).holds, "the chain alone cannot tell"
    found = proof.verify(session, seen)
    assert found.finding is not None
    assert (found.finding.kind, found.finding.number) == ("cut_off", 16)
    assert "the witness saw 20" in found.sentence


def test_a_log_that_was_cut_off_and_has_grown_again(site: Site, session: Session, seen: Path) -> None:
    as_attacker(session, "DELETE FROM audit WHERE number > 15")
    rehash(session, 15)
    write(session, 1)
    witness.note(site)
    write(session, 10)
    found = proof.verify(session, seen).finding
    assert found is not None
    assert (found.kind, found.number) == ("rewritten", 20)


def test_a_log_that_was_emptied_is_convicted_by_the_witness(session: Session, seen: Path) -> None:
    as_attacker(session, "DELETE FROM audit", f"UPDATE audit_head SET number = 0, hash = '{FIRST}'")
    found = proof.verify(session, seen)
    assert found.finding is not None
    assert (found.finding.kind, found.finding.number) == ("cut_off", 1)


def test_a_witness_that_was_changed(session: Session, seen: Path) -> None:
    lines = seen.read_text().splitlines(keepends=True)
    seen.write_text("".join([lines[0], "nonsense\n", *lines[1:]]))
    found = proof.verify(session, seen).finding
    assert found is not None
    assert (found.kind, found.sentence) == ("unreadable", "Line 2 of the witness cannot be read.")
    seen.write_text("".join([lines[1], lines[0], lines[2]]))
    found = proof.verify(session, seen).finding
    assert found is not None
    assert found.kind == "went_back"
    changed = json.loads(lines[0]) | {"hash": "0" * 64}
    seen.write_text(json.dumps(changed) + "\n" + "".join(lines[1:]))
    found = proof.verify(session, seen).finding
    assert found is not None
    assert (found.kind, found.number) == ("rewritten", 8)


def test_a_line_that_is_being_written_is_left_out(session: Session, seen: Path) -> None:
    with seen.open("a") as file:
        file.write('{"hash":"00')
    assert proof.verify(session, seen).holds


def test_memory_does_not_grow_with_the_log(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_AT_ONCE", 50)

    def peak() -> int:
        session.expunge_all()
        tracemalloc.start()
        assert proof.verify(session).holds
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    write(session, 200)
    peak()
    small = peak()
    write(session, 1000)
    assert peak() < small * 1.5


def test_the_proof_does_not_stop_writers(site: Site, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that come while the chain is looked at belong to the next look."""
    monkeypatch.setattr(proof, "_AT_ONCE", 20)
    write(session, 150)
    rows = proof._rows(session, walk := proof._Walk())
    assert next(rows).number == 1
    with session_factory(site.database_url)() as other:
        write(other, 3)
    rest = [row.number for row in rows]
    assert (len(rest), walk.head and walk.head[0]) == (149, 150)
    assert proof.verify(session).entries == 153
