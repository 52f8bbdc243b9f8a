"""A look at a file without a program of its own: the beginning of a text, the first rows of a table."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from typing import Final

from kontor.pilots.documents.files import OpenFile

MOST_TEXT: Final = 200_000
MOST_TABLE: Final = 2_000_000
MOST_ROWS: Final = 200
MOST_COLUMNS: Final = 50
LONGEST_CELL: Final = 200
PICTURES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}
LARGEST_PICTURE: Final = 30_000_000


@dataclass(frozen=True)
class TextLook:
    """The beginning of a text; `cut` if there is more."""

    text: str
    cut: bool


@dataclass(frozen=True)
class TableLook:
    """The first rows of a table; `cut` if there are more rows or columns."""

    head: list[str]
    rows: list[list[str]]
    cut: bool


def text_look(opened: OpenFile) -> TextLook | None:
    """The beginning of a text; None if it is none."""
    content = opened.read(MOST_TEXT)
    if b"\0" in content:
        return None
    text = content.decode("utf-8-sig", errors="replace")
    return TextLook(_visible(text), opened.stat.st_size > len(content))


def table_look(opened: OpenFile) -> TableLook | None:
    """The first rows of a table, its first row as the head; None if it is none that can be read."""
    content = opened.read(MOST_TABLE)
    if b"\0" in content:
        return None
    text = content.decode("utf-8-sig", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > MOST_ROWS + 1:
                break
    except csv.Error:
        return None
    if not rows:
        return None
    width = max(len(row) for row in rows)
    cut = len(rows) > MOST_ROWS + 1 or width > MOST_COLUMNS or opened.stat.st_size > len(content)
    shown = [[_cell(value) for value in row[:MOST_COLUMNS]] for row in rows[: MOST_ROWS + 1]]
    filled = [row + [""] * (min(width, MOST_COLUMNS) - len(row)) for row in shown]
    return TableLook(filled[0], filled[1:], cut)


def picture_type(name: str) -> str | None:
    """The media type of a picture that browsers show, by the end of its name."""
    return PICTURES.get(name.rpartition(".")[2].lower())


def _cell(value: str) -> str:
    return _visible(value if len(value) <= LONGEST_CELL else value[:LONGEST_CELL] + "…")


def _visible(text: str) -> str:
    """Without characters that a page cannot hold."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign if sign in "\n\t" or unicodedata.category(sign) != "Cc" else "�" for sign in ends)
