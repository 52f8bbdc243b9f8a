"""People: who is known here.

A *person* is a human with one opaque account name. They become known at their first login (`record_login`) or,
before it, when a pilot names them (`introduce`); the issuer's word about name, partner and country is taken anew
at every login.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.database import now as this_moment
from kontor.errors import KontorError
from kontor.names import account_name
from kontor.people.model import PersonRow


@dataclass(frozen=True)
class Person:
    """What is known about a person; `last_seen` is None until they have logged in."""

    name: str
    issuer: str
    subject: str
    display_name: str
    partner: str | None
    country: str | None
    first_seen: datetime
    last_seen: datetime | None


def record_login(
    session: Session,
    *,
    name: str,
    issuer: str,
    subject: str,
    display_name: str,
    partner: str | None,
    country: str | None,
    now: datetime | None = None,
) -> Person:
    """Keep what the issuer said about a person at this login, and when it was.

    Raises
    ------
    KontorError
        If `name` is not the account name of this issuer and subject; nobody is ever recorded as somebody else.
    """
    moment = now or this_moment()
    row = _known(session, name, issuer, subject, display_name, moment)
    row.display_name, row.partner, row.country = display_name, partner, country
    row.last_seen = moment
    session.flush()
    return _person(row)


def introduce(
    session: Session,
    *,
    issuer: str,
    subject: str,
    display_name: str,
    partner: str | None,
    country: str | None,
    now: datetime | None = None,
) -> Person:
    """Make somebody known who has not logged in yet; leaves a person who is known as they are."""
    name = account_name(issuer, subject)
    fresh = session.get(PersonRow, name) is None
    row = _known(session, name, issuer, subject, display_name, now or this_moment())
    if fresh:
        row.partner, row.country = partner, country
    session.flush()
    return _person(row)


def get(session: Session, name: str) -> Person | None:
    """A person by account name, or None."""
    row = session.get(PersonRow, name)
    return None if row is None else _person(row)


def by_names(session: Session, names: Iterable[str]) -> dict[str, Person]:
    """The people with these account names; names nobody has are left out."""
    rows = session.scalars(select(PersonRow).where(PersonRow.name.in_(set(names))))
    return {row.name: _person(row) for row in rows}


def signed_in(session: Session, names: Iterable[str]) -> set[str]:
    """Those of these people who have logged in at least once; the hub knows them and nobody else."""
    known = PersonRow.name.in_(set(names)) & PersonRow.last_seen.is_not(None)
    rows = session.scalars(select(PersonRow.name).where(known))
    return set(rows)


def homes(session: Session, names: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Partner and country of the people with these account names; names nobody has are left out."""
    rows = session.execute(
        select(PersonRow.name, PersonRow.partner, PersonRow.country).where(PersonRow.name.in_(set(names)))
    )
    return {name: (partner, country) for name, partner, country in rows}


def of_partner(session: Session, partner: str) -> list[Person]:
    """The people who come from a partner."""
    return [_person(row) for row in session.scalars(select(PersonRow).where(PersonRow.partner == partner))]


def _known(session: Session, name: str, issuer: str, subject: str, display_name: str, moment: datetime) -> PersonRow:
    if name != account_name(issuer, subject):
        raise KontorError("This account name does not belong to this issuer and subject.", code="wrong_account")
    row = session.get(PersonRow, name)
    if row is None:
        row = PersonRow(name=name, issuer=issuer, subject=subject, display_name=display_name, first_seen=moment)
        session.add(row)
    return row


def _person(row: PersonRow) -> Person:
    return Person(
        name=row.name,
        issuer=row.issuer,
        subject=row.subject,
        display_name=row.display_name,
        partner=row.partner,
        country=row.country,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )
