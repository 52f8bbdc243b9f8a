"""What people type: which characters and how many of them are taken, and short names made of titles.

Letters of any script are welcome. Control characters and the signs that turn the direction of a line are not: with
them a name can look like another one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from kontor.names import SLUG_MAX
from kontor.words import _, ngettext

_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LETTERS: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)
_TAKEN_BY_PAGES: Final = frozenset({"new", "all", "map", "list", "report", "export", "table"})


def line(text: str) -> str:
    """A text of one line as it is kept: without the spaces around it."""
    return text.strip()


def lines(text: str) -> str:
    """A text of several lines as it is kept: line ends as programs write them, nothing empty around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def mistake_in(text: str, *, most: int, least: int = 0, several_lines: bool = False) -> str | None:
    """Why a text is not taken, in a sentence that says what to do; None if it is.

    Parameters
    ----------
    least, most : int
        How many characters it must and may have.
    several_lines : bool
        Whether line ends and tabs may be in it.
    """
    if len(text) > most:
        return _("This has {n} characters; shorten it to {most}.").format(n=len(text), most=most)
    if len(text) < least:
        if not text:
            return _("Please fill this in.")
        return ngettext("Write at least {n} character.", "Write at least {n} characters.", least).format(n=least)
    allowed = "\n\t" if several_lines else ""
    if any(_is_hidden(sign) and sign not in allowed for sign in text):
        return _("There are hidden characters in this text, perhaps from copying it. Type it instead.")
    return None


def _is_hidden(sign: str) -> bool:
    return sign in _TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")


def slug_of(title: str, *, longest: int = SLUG_MAX) -> str:
    """A short name for addresses made of a title; always good, whatever the title: `Läkemedel i rörelse` gives
    `lakemedel-i-rorelse`, a title without any Latin letter or digit gives `pilot`."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    if words and not words[0][0].isalpha():
        words.insert(0, "p")
    found = ""
    for word in words:
        longer = f"{found}-{word}" if found else word[:longest]
        if len(longer) > longest:
            break
        found = longer
    return found if len(found) >= 2 else "pilot"


def free_slug(title: str, is_taken: Callable[[str], bool], *, longest: int = SLUG_MAX) -> str:
    """The slug of a title, or it with the first of -2, -3, ... that nobody has yet."""
    slug, count = slug_of(title, longest=longest), 1
    found = slug
    while found in _TAKEN_BY_PAGES or is_taken(found):
        count += 1
        end = f"-{count}"
        found = slug[: longest - len(end)].rstrip("-") + end
    return found


def is_address(slug: str) -> bool:
    """Whether a slug is the address of a page of ours and so cannot be a pilot's."""
    return slug in _TAKEN_BY_PAGES
