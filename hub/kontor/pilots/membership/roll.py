"""A roll: names that somebody typed or pasted, and the people whose names they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.orm import Session

from kontor.errors import KontorError, NotFound
from kontor.names import is_person
from kontor.people import store as people
from kontor.people.store import Person
from kontor.pilots.membership import people_search
from kontor.words import _, ngettext

MOST_AT_ONCE: Final = 200
_SHOWN = 10
_LONGEST_SHOWN = 40


def accounts_in(session: Session, searcher: str, text: str) -> list[str]:
    """The account names of the people named in a text, each once, in their order.

    Each line names one person, by the account name or by the full name of somebody whom the searcher may find. Commas
    and semicolons part people, too, and spaces part account names.

    Raises
    ------
    NotFound
        If a name is nobody's, or of several people (`no_such_person`); the sentence tells which.
    """
    by_words: dict[tuple[str, ...], list[str]] | None = None
    found: list[str] = []
    unknown: list[str] = []

    def called(name: str) -> list[str]:
        nonlocal by_words
        if by_words is None:
            by_words = {}
            for one in people_search.circle(session, searcher):
                by_words.setdefault(tuple(people_search.words_of(one.display_name)), []).append(one.name)
        words = tuple(people_search.words_of(name))
        return by_words.get(words, []) if words else []

    for line in text.splitlines():
        for part in _parts(line, called):
            accounts = part.split()
            there = accounts if all(map(is_person, accounts)) else called(part)
            if len(there) == 1 or there is accounts:
                found += there
            else:
                unknown.append(part)
    if unknown:
        raise NotFound(_unclear(list(dict.fromkeys(unknown))), code="no_such_person")
    return list(dict.fromkeys(found))


def _parts(line: str, called: Callable[[str], list[str]]) -> list[str]:
    """The people of a line: one if it is somebody's name as it stands, commas and all."""
    parts = [part.strip() for part in re.split(r"[,;]", line) if part.strip()]
    return [line.strip()] if len(parts) > 1 and not is_person(parts[0]) and called(line) else parts


def known_people(session: Session, names: Sequence[str]) -> list[Person]:
    """The people with these account names, each once.

    Raises
    ------
    KontorError
        If there are none (`nobody_named`), or more than MOST_AT_ONCE (`too_many`).
    NotFound
        If a name is nobody's (`no_such_person`); the sentence tells which.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        raise KontorError(_("Name at least one person."), code="nobody_named")
    if len(wanted) > MOST_AT_ONCE:
        raise KontorError(
            _("These are {count} names. At most {most} people can be added at once; nobody was added.").format(
                count=len(wanted), most=MOST_AT_ONCE
            ),
            code="too_many",
        )
    known = people.by_names(session, [name for name in wanted if is_person(name)])
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise NotFound(_nobody(unknown), code="no_such_person")
    return [known[name] for name in wanted]


def _nobody(unknown: list[str]) -> str:
    return _(
        "Nobody was added, because nobody here has these account names: {names}. "
        "People are known after they have signed in once."
    ).format(names=_listed(unknown))


def _unclear(unknown: list[str]) -> str:
    return _(
        "Nobody was added, because these are not the full name of exactly one person whom you can find: {names}. "
        "Write their account names instead, or invite them."
    ).format(names=_listed(unknown))


def _listed(unknown: list[str]) -> str:
    shown = ", ".join(_short(name) for name in unknown[:_SHOWN])
    more = len(unknown) - _SHOWN
    if more > 0:
        shown = ngettext("{shown} and {n} more", "{shown} and {n} more", more).format(shown=shown, n=more)
    return shown


def _short(name: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in name)
    return printable if len(printable) <= _LONGEST_SHOWN else f"{printable[:_LONGEST_SHOWN]}…"
