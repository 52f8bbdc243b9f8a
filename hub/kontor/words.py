"""Words: the languages in which people read Kontor.

Sentences are written in English in the code, marked with `_`, `ngettext` or `N_`, and translated when they are
made, into the language of whoever asked (`language_is`). Programs read English: below /api nobody sets a language.

    _("The pilot {title} is full.").format(title=...)      translated now
    N_("viewer")                                           marked only; translated where it is shown
    ngettext("{n} person", "{n} people", n).format(n=n)    by number

Catalogues are `locale/<language>/LC_MESSAGES/kontor.po` (GNU gettext); they are compiled in memory when first used.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
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
_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """The language in which sentences are made now: a key of LANGUAGES."""
    return _language.get()


@contextmanager
def language_is(code: str) -> Iterator[None]:
    """Make sentences in a language for a while.

    Raises
    ------
    ValueError
        If `code` is none of LANGUAGES.
    """
    if code not in LANGUAGES:
        raise ValueError(f"unknown language {code!r}")
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


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


_ = gettext
