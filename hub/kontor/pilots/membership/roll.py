"""A roll: account names that somebody typed or pasted, and the people whose names they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from kontor.errors import KontorError, NotFound
from kontor.names import is_person
from kontor.people import store as people
from kontor.people.store import Person
from kontor.words import _, ngettext

MOST_AT_ONCE: Final = 200
_SHOWN = 10
_LONGEST_SHOWN = 40


def names_in(text: str) -> list[str]:
    """The account names in a text: separated by spaces, lines, commas or semicolons; each once, in their order."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text) if part))


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
    shown = ", ".join(_short(name) for name in unknown[:_SHOWN])
    more = len(unknown) - _SHOWN
    if more > 0:
        shown = ngettext("{shown} and {n} more", "{shown} and {n} more", more).format(shown=shown, n=more)
    return _(
        "Nobody was added, because nobody here has these account names: {names}. "
        "People are known after they have signed in once."
    ).format(names=shown)


def _short(name: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in name)
    return printable if len(printable) <= _LONGEST_SHOWN else f"{printable[:_LONGEST_SHOWN]}…"
