"""The witness: a file that keeps how far the log had come and with which hash, outside the database.

Whoever can change the whole database can make a new chain that fits itself. They cannot make it fit what was
written down elsewhere before. `STATE/audit/witness.jsonl` has one line each time the log has grown:

    {"hash":"5f1c…","moment":"2026-06-03T12:05:09+00:00","number":1204}

Lines are only ever added. Copy the file to another machine now and then: it holds no names, and then it also
convicts somebody who can change every file here.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from kontor.audit.model import HeadRow
from kontor.database import now as this_moment
from kontor.database import session_factory
from kontor.site import Site, private_folder

log = logging.getLogger("kontor.audit")

LONGEST = 400
_HASH = re.compile(r"\A[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Sighting:
    """A line of the witness: the log ended with this entry then."""

    number: int
    hash: str
    moment: datetime


def file_of(state: Path) -> Path:
    """Where the witness of a state folder is."""
    return state / "audit" / "witness.jsonl"


def note(site: Site, *, now: datetime | None = None) -> bool:
    """Write down where the log ends if it has moved; whether it was written.

    Never raises because of the file or the database: whoever calls it has other work, and tries again soon.
    """
    try:
        with session_factory(site.database_url)() as session:
            head = session.execute(select(HeadRow.number, HeadRow.hash).where(HeadRow.id == 1)).one_or_none()
        return head is not None and _write(file_of(site.state), Sighting(head.number, head.hash, now or this_moment()))
    except (OSError, SQLAlchemyError) as error:
        log.warning("the witness of the audit log could not be written, will try again: %s", error)
        return False


def _write(path: Path, seen: Sighting) -> bool:
    private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        last = _last(file)
        if (seen.number, seen.hash) == ((last.number, last.hash) if last else (0, seen.hash)):
            return False
        if last is not None and seen.number <= last.number:
            log.error("the audit log ends with entry %d; it had ended with entry %d", seen.number, last.number)
        file.write(_line(seen))
        os.fsync(file.fileno())
    return True


def _last(file: BinaryIO) -> Sighting | None:
    """The last whole line; what a crash left behind it is taken away."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - 2 * LONGEST)
    file.seek(start)
    tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        file.truncate(start + len(whole))
    return _sighting(whole.splitlines()[-1]) if whole else None


def _line(seen: Sighting) -> bytes:
    content = {"number": seen.number, "hash": seen.hash, "moment": seen.moment.astimezone(UTC).isoformat()}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _sighting(line: bytes) -> Sighting | None:
    """A line as it was written, or None if it was not written by us."""
    try:
        found = json.loads(line)
        seen = Sighting(found["number"], found["hash"], datetime.fromisoformat(found["moment"]))
        known = type(seen.number) is int and seen.number > 0 and _HASH.match(seen.hash) is not None
        return seen if known and seen.moment.tzinfo is not None else None
    except (ValueError, KeyError, TypeError):
        return None


class Witness:
    """The lines that the witness has at this moment, first to last; those that come later are left out.

    Iterates over sightings; None stands for a line that cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._end = path.stat().st_size if path is not None and path.exists() else 0

    @property
    def there(self) -> bool:
        """Whether there is anything to compare with."""
        return self._end > 0

    def __iter__(self) -> Iterator[Sighting | None]:
        if self._path is None or not self._end:
            return
        with self._path.open("rb") as file:
            while file.tell() < self._end:
                line = file.readline(LONGEST)
                if not line.endswith(b"\n") and file.tell() >= self._end:
                    return  # a line that is being written, or that a crash cut off
                yield _sighting(line)
