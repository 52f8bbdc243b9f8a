"""`kontor audit`: prove that nobody changed the log, and write it into a document.

Both work while Kontor runs and while it is stopped: they read the database of the state folder themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kontor.cli.options import state_option
from kontor.errors import KontorError, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def audit() -> None:
    """The audit log: prove it, export it."""


@audit.command()
@state_option
@click.pass_context
def verify(ctx: click.Context, state: Path) -> None:
    """Prove that the log is complete and unchanged: exit code 0, or 1 with the first thing that is wrong."""
    from kontor.audit import proof, witness

    with opened(state) as session:
        found = proof.verify(session, witness.file_of(state.resolve()))
    click.echo(found.sentence)
    click.echo(f"Hash of entry {found.entries}: {found.head}")
    ctx.exit(0 if found.holds else 1)


@audit.command()
@state_option
@click.option("--pilot", help="Only the log of this pilot (its short name).")
@click.option("--person", help="Only what this account did, or what was done to it.")
@click.option("--from", "first", type=_DAY, help="First day, for example 2026-06-03.")
@click.option("--until", "last", type=_DAY, help="Last day.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The document to write; a new file."
)
def export(
    state: Path, pilot: str | None, person: str | None, first: datetime | None, last: datetime | None, out: Path
) -> None:
    """Write the log as one HTML document. That it was exported is recorded."""
    if out.exists():
        raise KontorError(f"{out} exists already. Give another name, or move it away.", code="file_exists")
    with opened(state) as session, session.begin():
        text, number = _document(session, state.resolve(), pilot, person, _day(first), _day(last))
        _write(out, text)
    click.echo(f"{out}: {number} entries.")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@contextmanager
def opened(state: Path) -> Iterator[Session]:
    """A session with the database of a state folder.

    Raises
    ------
    KontorError
        If there is none, or it has another version than this program. It is left as it is.
    """
    from kontor.database import refuse_newer, refuse_older, session_factory
    from kontor.site import database_url

    url = database_url(state.resolve())
    if not Path(url.removeprefix("sqlite:///")).exists():
        raise NotFound(f"There is no database in {state}. Give the folder of an installation with --state.")
    refuse_newer(url)
    refuse_older(url)
    with session_factory(url)() as session:
        yield session


def _document(
    session: Session, state: Path, pilot: str | None, person: str | None, first: date | None, last: date | None
) -> tuple[str, int]:
    """The document, and how many entries are in it."""
    from kontor.audit import reading, witness
    from kontor.audit.actions import SYSTEM
    from kontor.database import now
    from kontor.people.partners import load_partners
    from kontor.people.portrait import Portraits
    from kontor.pilots.logbook import export as log_export
    from kontor.pilots.logbook import log
    from kontor.web.log_document import document

    wanted = log.wanted(pilot=pilot, person=person, first=first, last=last)
    if pilot is not None and pilot not in reading.pilots(session):
        raise NotFound(f"The log knows no pilot {pilot!r}. Give its short name, as in the address of its page.")
    if person is not None and person not in reading.accounts(session):
        raise NotFound(f"The log knows no account {person!r}. Give an account name: u and 24 letters and digits.")
    made = log_export.export(
        session,
        wanted,
        by=SYSTEM,
        called="the operator of this machine, with `kontor audit export`",
        portraits=Portraits(load_partners()),
        witness=witness.file_of(state),
        now=now(),
    )
    return document(made, house="Kontor"), len(made.lines)


def _write(out: Path, text: str) -> None:
    from kontor.site import write_private

    try:
        write_private(out, text)
    except OSError as error:
        raise KontorError(f"{out} cannot be written: {error.strerror}.", code="cannot_write") from None
