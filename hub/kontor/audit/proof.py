"""The proof that nobody changed the log: every hash, every link, every number, the head, and the witness.

What is found is the *first* thing that is wrong, in words, with a kind for programs:

    changed     an entry does not have the hash of its content
    moved       an entry stands at another number than it was written with
    missing     a number is left out
    replaced    an entry fits itself, and what was written after it was written after another one
    extra       there is more than the log's own head knows of, or a number below 1
    cut_off     the last entries are gone: the head or the witness knew of them
    no_head     the row is gone that says where the log ends
    rewritten   an entry is not the one that the witness saw
    went_back   the witness saw the log end earlier than it had before
    unreadable  an entry, or a line of the witness, cannot be read

Whoever can write the database *and* the witness can make both fit. Copies of the witness elsewhere still convict them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, String, select, true, type_coerce
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kontor.audit.model import EntryRow, HeadRow
from kontor.audit.trail import FIRST, chained
from kontor.audit.witness import Sighting, Witness
from kontor.words import _

_AT_ONCE = 500
_NEAR = 1000
_COVERED = ("number", "actor", "action", "pilot", "person", "dataset", "details", "previous")


@dataclass(frozen=True)
class Finding:
    """The first thing that is wrong; `number` is the entry, None if it is about the whole log."""

    kind: str
    number: int | None
    sentence: str


@dataclass(frozen=True)
class Proof:
    """What a look at the whole chain showed.

    Parameters
    ----------
    entries : int
        How many entries could be followed from the first on.
    head : str
        The hash of the last of them.
    finding : Finding or None
        What is wrong first.
    witnessed : int
        Lines of the witness that agree.
    seen : int
        The last entry that the witness saw; 0 without a witness.
    """

    entries: int
    head: str
    finding: Finding | None
    witnessed: int
    seen: int

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.finding is None

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.finding is not None:
            return self.finding.sentence
        if not self.witnessed:
            return _(
                "The log is complete and unchanged: {entries} entries. There is no witness to compare with."
            ).format(entries=self.entries)
        return _("The log is complete and unchanged: {entries} entries. The witness agrees up to entry {seen}.").format(
            entries=self.entries, seen=self.seen
        )


def verify(session: Session, witness: Path | None = None) -> Proof:
    """Look at the whole chain, from the first entry to the last; the memory that it takes does not grow with the log.

    Entries that are written meanwhile do not disturb: everything is read in one question, from one state of the log.

    Parameters
    ----------
    witness : Path, optional
        The file of the witness; it may be missing.
    """
    compared = _Compared(Witness(witness))
    walk = _Walk()
    for row in _rows(session, walk):
        finding = walk.wrong(row) or compared.wrong(row.number, row.hash)
        if finding is not None:
            return Proof(walk.number, walk.hash, finding, compared.agreed, compared.seen)
        walk.step(row)
    finding = walk.finding or walk.wrong_end() or compared.wrong_end(walk.number)
    return Proof(walk.number, walk.hash, finding, compared.agreed, compared.seen)


class _Walk:
    """How far the chain was followed: the last good entry, and what the head of the log says."""

    def __init__(self) -> None:
        self.number = 0
        self.hash = FIRST
        self.head: tuple[int, str] | None = None
        self.finding: Finding | None = None

    def step(self, row: Row[Any]) -> None:
        self.number, self.hash = row.number, row.hash

    def wrong(self, row: Row[Any]) -> Finding | None:
        expected = self.number + 1
        if row.number < expected:
            return Finding("extra", row.number, _("There is an entry {n}; the log begins with 1.").format(n=row.number))
        if row.number > expected:
            return Finding(
                "missing",
                expected,
                _("Entry {first} is missing; what follows is entry {n}.").format(first=expected, n=row.number),
            )
        if not _fits(row, row.number):
            return _changed(row)
        if row.previous != self.hash:
            return _replaced(self.number)
        return None

    def wrong_end(self) -> Finding | None:
        if self.head is None:
            return Finding("no_head", None, _("The row is missing that says where the log ends."))
        number, digest = self.head
        if number > self.number:
            return Finding(
                "cut_off",
                self.number + 1,
                _("The log ends with entry {last}, but had come to {known}: the last entries were taken away.").format(
                    last=self.number, known=number
                ),
            )
        if number < self.number:
            return Finding(
                "extra",
                number + 1,
                _("Entry {n} was put in by hand: the log itself ends with entry {last}.").format(
                    n=number + 1, last=number
                ),
            )
        return None if digest == self.hash else _replaced(number)


class _Compared:
    """The witness beside the chain, line by line."""

    def __init__(self, witness: Witness) -> None:
        self._lines = enumerate(witness, start=1)
        self._place = 0
        self._line: Sighting | None = None
        self.agreed = self.seen = 0
        self._more = True
        self._next()

    def _next(self) -> None:
        self._place, self._line = next(self._lines, (0, None))
        self._more = self._place > 0

    def wrong(self, number: int, digest: str) -> Finding | None:
        """What is wrong with the lines up to this entry."""
        while self._more:
            if self._line is None:
                return Finding("unreadable", None, _("Line {n} of the witness cannot be read.").format(n=self._place))
            if self._line.number > number:
                return None
            if self._line.number < number:
                return Finding(
                    "went_back",
                    self._line.number,
                    _("The witness saw the log end with entry {n} after it had seen entry {later}.").format(
                        n=self._line.number, later=self.seen
                    ),
                )
            if self._line.hash != digest:
                return self._rewritten(self._line)
            self.agreed, self.seen = self.agreed + 1, number
            self._next()
        return None

    def wrong_end(self, last: int) -> Finding | None:
        """What is wrong with the lines after the last entry."""
        if not self._more:
            return None
        if self._line is not None and self._line.number > last:
            return Finding(
                "cut_off",
                last + 1,
                _(
                    "The log ends with entry {last}, but the witness saw {known}: the last entries were taken away."
                ).format(last=last, known=self._line.number),
            )
        return self.wrong(last + 1, "")

    def _rewritten(self, line: Sighting) -> Finding:
        return Finding(
            "rewritten",
            line.number,
            _(
                "Entry {n} is not the one that the witness saw at {moment}: "
                "an entry from {first} to {n} was changed, and all after it were made to fit."
            ).format(n=line.number, first=self.seen + 1, moment=line.moment.isoformat(timespec="seconds")),
        )


def _rows(session: Session, walk: _Walk) -> Iterator[Row[Any]]:
    """The entries as stored, first to last; tells the walk what the head says, and what cannot be read.

    One question for head and entries, so both are from the same state of the log.
    """
    raw = [type_coerce(column, String) if column.key == "moment" else column for column in EntryRow.__table__.columns]
    head = [HeadRow.number.label("head_number"), HeadRow.hash.label("head_hash")]
    question = select(*raw, *head).select_from(HeadRow).outerjoin(EntryRow, true()).where(HeadRow.id == 1)
    try:
        rows = session.execute(question.order_by(EntryRow.number), execution_options={"yield_per": _AT_ONCE})
        for row in rows:
            walk.head = (row.head_number, row.head_hash)
            if row.number is not None:
                yield row
    except (SQLAlchemyError, ValueError) as error:
        walk.finding = Finding(
            "unreadable",
            walk.number + 1,
            _("The log cannot be read after entry {n}: {error}").format(n=walk.number, error=str(error)[:200]),
        )


def _fits(row: Row[Any], number: int) -> bool:
    """Whether an entry has the hash of its content, if it were written with this number."""
    columns = {name: getattr(row, name) for name in _COVERED}
    try:
        content = json.loads(row.details)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = chained(**{**columns, "number": number}, moment=_moment(row))
    except (ValueError, TypeError):
        return False
    return bool(canonical == row.details and digest == row.hash)


def _moment(row: Row[Any]) -> datetime:
    found = row.moment if isinstance(row.moment, datetime) else datetime.fromisoformat(row.moment)
    return found.replace(tzinfo=UTC)


def _changed(row: Row[Any]) -> Finding:
    """Whether an entry was changed, or only moved: what it was written as is looked for near by."""
    number = row.number
    near = range(max(1, number - _NEAR), number + _NEAR)
    written = next((one for one in near if one != number and _fits(row, one)), None)
    if written is None:
        return Finding("changed", number, _("Entry {n} was changed after it was written.").format(n=number))
    return Finding(
        "moved",
        number,
        _("Entry {n} was written as entry {written}: entries changed places, or one before it came or went.").format(
            n=number, written=written
        ),
    )


def _replaced(number: int) -> Finding:
    if number < 1:
        return Finding("replaced", 1, _("Entry 1 was written after another one, which is gone."))
    return Finding(
        "replaced",
        number,
        _("Entry {n} was replaced by another one: what follows was not written after it.").format(n=number),
    )
