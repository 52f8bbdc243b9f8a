"""The log as one document for a data-protection officer: what it covers, the entries, and the proof of the chain.

Making one is itself recorded (`log_exported`). The chain is looked at first and whole, also when only a part of it is
exported: a part proves nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from kontor.audit import proof, reading, trail
from kontor.audit.groups import GROUPS, group_of
from kontor.audit.proof import Proof
from kontor.audit.reading import Wanted
from kontor.audit.sentences import meaning
from kontor.errors import KontorError
from kontor.names import is_person
from kontor.people.portrait import Portraits
from kontor.pilots import store
from kontor.pilots.lifecycle import last_day
from kontor.pilots.logbook import log
from kontor.pilots.logbook.log import Line
from kontor.quantities import day
from kontor.words import _

MOST: Final = 50_000


@dataclass(frozen=True)
class Meaning:
    """An action in the glossary."""

    action: str
    group: str
    text: str


@dataclass(frozen=True)
class Export:
    """What the document says.

    Parameters
    ----------
    pilot : str or None
        Title of the pilot; None for the log of all pilots.
    covers : tuple of (str, str)
        What was asked for, each as a label and a value.
    made_by : str
        Who asked for it, in words.
    lines : list of Line
        The entries, oldest first.
    """

    pilot: str | None
    covers: tuple[tuple[str, str], ...]
    made_by: str
    made: datetime
    proof: Proof
    lines: list[Line]
    titles: dict[str, str]
    glossary: list[Meaning]


def export(
    session: Session,
    wanted: Wanted,
    *,
    by: str,
    called: str,
    portraits: Portraits,
    witness: Path,
    now: datetime,
) -> Export:
    """Make the document and record that it was made.

    Parameters
    ----------
    by : str
        Account of who asked for it.
    called : str
        The same in words.
    witness : Path
        The file of the witness.

    Raises
    ------
    KontorError
        If there are too many entries for one document (`log_too_long`).
    """
    number = reading.count(session, wanted)
    if number > MOST:
        raise KontorError(
            _("These are {n} entries; one document takes {most}. Choose fewer days.").format(n=number, most=MOST),
            code="log_too_long",
        )
    state = proof.verify(session, witness)
    lines = log.told(session, reading.entries(session, wanted)[::-1], portraits)
    titles = {one.slug: one.title for one in store.everything(session)}
    made = Export(
        pilot=titles.get(wanted.pilot, wanted.pilot) if wanted.pilot else None,
        covers=_covers(session, wanted),
        made_by=called,
        made=now,
        proof=state,
        lines=lines,
        titles=titles,
        glossary=_glossary({one.entry.action for one in lines}),
    )
    _record(session, wanted, by=by, made=made)
    return made


def _record(session: Session, wanted: Wanted, *, by: str, made: Export) -> None:
    trail.record(
        session,
        "log_exported",
        actor=by,
        pilot=wanted.pilot,
        person=wanted.person if is_person(wanted.person or "") else None,
        dataset=wanted.dataset,
        now=made.made,
        entries=len(made.lines),
        since=wanted.since.isoformat() if wanted.since else None,
        until=wanted.until.isoformat() if wanted.until else None,
        chain="holds" if made.proof.holds else "broken",
    )


def _covers(session: Session, wanted: Wanted) -> tuple[tuple[str, str], ...]:
    found = [
        (_("From"), day(wanted.since) if wanted.since else _("the first entry on")),
        (_("Until"), day(last_day(wanted.until)) if wanted.until else _("this document was made")),
    ]
    if wanted.person:
        names = log.people_to_choose(session, [wanted.person])
        found.append((_("Person"), names[wanted.person]))
    if wanted.dataset:
        found.append((_("Data set"), wanted.dataset))
    if wanted.actions is not None:
        kinds = [_(group.words) for group in GROUPS.values() if group.actions <= wanted.actions]
        found.append((_("Kind of entry"), ", ".join(kinds)))
    return tuple(found)


def _glossary(actions: set[str]) -> list[Meaning]:
    def group(action: str) -> str:
        name = group_of(action)
        return _(GROUPS[name].words) if name else ""

    return sorted((Meaning(one, group(one), meaning(one)) for one in actions), key=lambda one: (one.group, one.action))
