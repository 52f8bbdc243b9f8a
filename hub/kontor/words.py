"""Words: the languages in which people read Kontor.

Sentences are written in English in the code, marked with `_`, `ngettext` or `N_`, and translated when they are
made, into the language of whoever asked (`language_is`). Programs read English: below /api nobody sets a language.

    _("The pilot {title} is full.").format(title=...)      translated now
    N_("viewer")                                           marked only; translated where it is shown
    Spoken({"SE": N_("Sweden")})["SE"]                     a table of marked words, translated where it is read
    ngettext("{n} person", "{n} people", n).format(n=n)    by number

Catalogues are `locale/<language>/LC_MESSAGES/kontor.po` (GNU gettext); they are compiled in memory when first used.
Dates, numbers and sizes in a language are in `kontor.quantities`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final = {"en": "English", "sv": "Svenska", "da": "Dansk", "de": "Deutsch", "nb": "Norsk"}
DOMAIN: Final = "kontor"
LOCALE: Final = Path(__file__).parent / "locale"
COOKIE: Final = "kontor-language"
"""The cookie of the choice, one for the whole installation: its value is a key of LANGUAGES."""

_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")
_READ_AS = {"no": "nb", "nn": "nb"}
_MOST_RANGES = 30
_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """The language in which sentences are made now: a key of LANGUAGES."""
    return _language.get()


def speak(code: str) -> None:
    """Make sentences in a language from here to the end of this request; `language_is` where that end is near.

    Raises
    ------
    ValueError
        If `code` is none of LANGUAGES.
    """
    if code not in LANGUAGES:
        raise ValueError(f"unknown language {code!r}")
    _language.set(code)


@contextmanager
def language_is(code: str) -> Iterator[None]:
    """Make sentences in a language for a while.

    Raises
    ------
    ValueError
        If `code` is none of LANGUAGES.
    """
    before = language()
    speak(code)
    try:
        yield
    finally:
        _language.set(before)


def preferred(chosen: str | None, accepted: str) -> str:
    """The language for a reader.

    Parameters
    ----------
    chosen : str or None
        What they chose; taken if it is one of LANGUAGES.
    accepted : str
        The browser's `Accept-Language`: the language with the highest weight that we have, the first of equals.
        Regions and scripts are left aside (`de-CH` reads `de`); other Norwegians read `nb`; ranges that are not
        well-formed and those of weight 0 are passed over.
    """
    if chosen in LANGUAGES:
        return chosen
    weights: dict[str, float] = {}
    for part in accepted.split(",")[:_MOST_RANGES]:
        if found := _RANGE.fullmatch(part):
            name = _READ_AS.get(found[1].lower(), found[1].lower())
            weights[name] = max(weights.get(name, 0.0), float(found[2] or 1))
    ours = [code for code, weight in weights.items() if code in LANGUAGES and weight > 0]
    return max(ours, key=weights.__getitem__, default="en")


@cache
def catalogue(code: str) -> NullTranslations:
    """The messages of a language; English is what stands in the code."""
    path = LOCALE / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    if code == "en" or not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code, domain=DOMAIN))
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(message: str) -> str:
    """`message` in the language of whoever asked."""
    return catalogue(language()).gettext(message) if message else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The form for `number`, in the language of whoever asked."""
    return catalogue(language()).ngettext(one, many, number)


def N_(message: str) -> str:
    """Marks a message that is translated later, where it is shown."""
    return message


class Spoken(Mapping[str, str]):
    """A table of marked words that are translated when they are read."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = dict(table)

    def __getitem__(self, key: str) -> str:
        return gettext(self._table[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


_ = gettext
