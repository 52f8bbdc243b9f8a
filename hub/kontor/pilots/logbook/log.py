"""The log as people read it: who may, what they can ask for, and each entry with its sentence and its people.

    a pilot's log      its leads, also when it is archived; its stewards; the stewards and operators of the house
    the whole log      the stewards and operators of the house

Other members are refused: an audit log tells who did what and when, which is more than one needs to work together.
They see what is new in their pilots in the lobby.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from kontor import roles
from kontor.audit import reading
from kontor.audit.actions import SYSTEM
from kontor.audit.groups import GROUPS
from kontor.audit.reading import Wanted
from kontor.audit.sentences import people_in, sentence
from kontor.audit.trail import Entry
from kontor.errors import KontorError, NotAllowed
from kontor.names import pilot_of_workspace
from kontor.people import store as people
from kontor.people.offices import Offices
from kontor.people.portrait import Portrait, Portraits
from kontor.pilots.lifecycle import day_of, end_of
from kontor.pilots.standing import Standing
from kontor.quantities import ZONE
from kontor.words import _

STEWARD = "steward"
DAYS_DRAWN = 30
_EARLIEST, _LATEST = date(2000, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class Line:
    """An entry, told. `by` and `about` are None for Kontor itself, workspaces, and people who are not known any more.

    Parameters
    ----------
    who : str
        What pages call the actor.
    """

    entry: Entry
    text: str
    who: str
    by: Portrait | None
    about: Portrait | None


def may_read(place: Standing) -> bool:
    """Whether somebody may read a pilot's log, in whatever state the pilot is."""
    return place.office is not None or place.role == STEWARD or roles.can(place.role, "manage")


def for_reading(place: Standing) -> Standing:
    """`place`, or NotAllowed (`may_not_read_log`) if they may not read the log."""
    if not may_read(place):
        raise NotAllowed(
            _("The log of a pilot is for its leads and stewards. Your role here is {role}.").format(
                role=_(place.role or "")
            ),
            code="may_not_read_log",
        )
    return place


def check_office(offices: Offices, account: str) -> None:
    """Raise NotAllowed (`no_office`) unless somebody is a steward or operator of the house."""
    if offices.of(account) is None:
        raise NotAllowed(_("The log of all pilots is for stewards and operators."), code="no_office")


def wanted(
    *,
    pilot: str | None = None,
    person: str | None = None,
    dataset: str | None = None,
    group: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Wanted:
    """What somebody asks for; the days are those of the consortium's countries, both included.

    Raises
    ------
    KontorError
        If the group is none of `GROUPS` (`unknown_group`); if the last day is before the first, or one of them is in
        another age (`bad_dates`).
    """
    if group is not None and group not in GROUPS:
        raise KontorError(_("There is no such kind of entry. Choose one of the list."), code="unknown_group")
    for day in (first, last):
        if day is not None and (mistake := mistake_in_day(day)):
            raise KontorError(mistake, code="bad_dates")
    if first is not None and last is not None and last < first:
        raise KontorError(_("The last day is before the first. Change one of the two."), code="bad_dates")
    return Wanted(
        pilot=pilot,
        person=person,
        dataset=dataset,
        actions=GROUPS[group].actions if group else None,
        since=datetime.combine(first, time(), ZONE) if first else None,
        until=end_of(last) if last else None,
    )


def mistake_in_day(day: date) -> str | None:
    """Why a day cannot be asked for, or None if it can."""
    return None if _EARLIEST <= day <= _LATEST else _("Choose a day between the years 2000 and 2999.")


def told(session: Session, entries: Sequence[Entry], portraits: Portraits) -> list[Line]:
    """Entries with their sentences and people, in the language of whoever reads."""
    known = {name: portraits.of(one) for name, one in people.by_names(session, people_in(list(entries))).items()}
    called = {name: one.display_name for name, one in known.items()}
    return [
        Line(
            entry=one,
            text=sentence(one, called),
            who=called.get(one.actor) or account_words(one.actor),
            by=known.get(one.actor),
            about=known.get(one.person or ""),
        )
        for one in entries
    ]


def account_words(account: str) -> str:
    """What pages call an account that is no known person."""
    if account == SYSTEM:
        return "Kontor"
    workspace = pilot_of_workspace(account)
    if workspace is not None:
        return _("Workspace of {pilot}").format(pilot=workspace)
    return _("Somebody ({account})").format(account=account)


def people_to_choose(session: Session, accounts: Iterable[str]) -> dict[str, str]:
    """Accounts of a log with what they are called, people by name first, then workspaces and Kontor."""
    accounts = set(accounts)
    known = people.by_names(session, accounts)
    named = sorted(((one.display_name, name) for name, one in known.items()), key=lambda pair: pair[0].casefold())
    others = sorted((account_words(name), name) for name in accounts - known.keys())
    return {name: words for words, name in [*named, *others]}


@dataclass(frozen=True)
class Day:
    """How many entries a day has."""

    day: date
    count: int


def last_days(session: Session, wanted: Wanted, *, now: datetime, days: int = DAYS_DRAWN) -> list[Day]:
    """How many of the wanted entries each of the last days has, today last."""
    today = day_of(now)
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    edges = [datetime.combine(one, time(), ZONE) for one in dates] + [end_of(today)]
    return [Day(*pair) for pair in zip(dates, reading.between(session, wanted, edges), strict=True)]
