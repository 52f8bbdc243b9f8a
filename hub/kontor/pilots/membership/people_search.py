"""Finding people: only those whom one works with, never a list of everybody.

Somebody is found by those who share a pilot with them, and by those who come from the same partner. Guests come from
none, so nobody finds them beyond the pilots that they share. There are no pages of results: who is not among the first
is found by more letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Final

from sqlalchemy.orm import Session

from kontor.errors import KontorError
from kontor.people import store as people
from kontor.people.store import Person
from kontor.pilots import members
from kontor.words import _

LEAST: Final = 2
MOST_FOUND: Final = 20
LONGEST: Final = 100
STATES: Final = ("proposed", "approved", "active", "closing")
"""States of the pilots whose members find each other."""


def find(session: Session, searcher: str, text: str) -> list[Person]:
    """People whom somebody may find, whose names have words that begin with the words of a text; by name.

    Parameters
    ----------
    searcher : str
        Account name of who looks; they do not find themselves.
    text : str
        Upper and lower case and accents do not matter.

    Raises
    ------
    KontorError
        If the text has fewer than two letters or digits, or more than a hundred (`bad_search`).
    """
    wanted = words_of(text[: LONGEST + 1])
    if len(text) > LONGEST or sum(map(len, wanted)) < LEAST:
        raise KontorError(
            _("Type at least {least} letters of a name, and at most {most}.").format(least=LEAST, most=LONGEST),
            code="bad_search",
        )
    found = [one for one in circle(session, searcher) if _fits(words_of(one.display_name), wanted)]
    return sorted(found, key=lambda one: (words_of(one.display_name), one.name))[:MOST_FOUND]


def among(session: Session, searcher: str, names: Collection[str]) -> list[Person]:
    """Those of these people whom somebody may find, by name."""
    found = [one for one in circle(session, searcher) if one.name in set(names)] if names else []
    return sorted(found, key=lambda one: (words_of(one.display_name), one.name))


def circle(session: Session, searcher: str) -> list[Person]:
    """Everybody whom the searcher may find."""
    me = people.get(session, searcher)
    slugs = [pilot.slug for pilot, _role in members.pilots_of(session, searcher, states=STATES)]
    names = {name for there in members.of_many(session, slugs).values() for name in there}
    known = people.by_names(session, names)
    if me is not None and me.partner is not None:
        known |= {one.name: one for one in people.of_partner(session, me.partner)}
    known.pop(searcher, None)
    return list(known.values())


def words_of(text: str) -> list[str]:
    """The words of a text, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign))
    return kept.split()


def _fits(there: list[str], wanted: list[str]) -> bool:
    return all(any(word.startswith(begin) for word in there) for begin in wanted)
