"""What others see of a person: a display name, initials and a colour.

display name     made safe to show anywhere: one line, letters and the signs that occur in names, 60 characters
initials         one or two capital letters
colour           one of ten on which white text is readable (AA), the same everywhere for one account name
"""

from __future__ import annotations

import hashlib
import unicodedata

LONGEST_NAME = 60
LONGEST_SENT = 1024
MARKS_IN_A_ROW = 2
_SIGNS = frozenset("-'\u2019.,\u00b7")

# White on each has a contrast of at least 4.5; the classes c0 to c9 of web/static/kontor.css are these, in this order.
PALETTE = (
    "#0b3c5d",
    "#a63d2f",
    "#2f6b46",
    "#6b5b95",
    "#7a5c1e",
    "#1f6f78",
    "#8a3a5e",
    "#4a5a2a",
    "#5a4a8a",
    "#3d5a80",
)


def clean_name(sent: str) -> str | None:
    """`sent` as a name that is safe to show, or None if it is none.

    Control, direction and invisible characters, symbols and stacked marks are taken out, spaces made single, and
    what is longer than 60 characters ends in an ellipsis. An address (with @ or ://) is no name, nor is anything
    without a letter.
    """
    if len(sent) > LONGEST_SENT or "@" in sent or "://" in sent:
        return None
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", sent):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind.startswith("M") else 0
        if kind == "Zs" or char in "\t\r\n":
            kept.append(" ")
        elif kind[0] == "L" or kind == "Nd" or char in _SIGNS or 0 < marks <= MARKS_IN_A_ROW:
            kept.append(char)
    name = " ".join("".join(kept).split())
    if not any(char.isalpha() for char in name):
        return None
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def initials(display_name: str) -> str:
    """The first letters of the first and the last word, in capitals; "?" if there is no letter."""
    letters = [next((char for char in word if char.isalpha()), "") for word in display_name.split()]
    found = [letter.upper()[:1] for letter in letters if letter]
    return "".join(found[:1] + found[1:][-1:]) or "?"


def _place(account_name: str) -> int:
    digest = hashlib.sha256(account_name.encode()).digest()
    return int.from_bytes(digest[:2], "big") % len(PALETTE)


def color(account_name: str) -> str:
    """The colour of an account, as `#rrggbb`."""
    return PALETTE[_place(account_name)]


def color_class(account_name: str) -> str:
    """The same colour as a class of Kontor's stylesheet, `c0` to `c9`."""
    return f"c{_place(account_name)}"
