"""Names of files in pages: which are shown and can be addressed, and what kind of file they say it is.

Code in a workspace can give a file a name of any bytes. Shown are names that are UTF-8, do not begin with a dot and
hold nothing invisible that changes how they look; the rest can be renamed in the workspace.
"""

from __future__ import annotations

from typing import Final

from kontor.errors import NotFound
from kontor.pilots.life.typed import mistake_in
from kontor.words import _

KINDS: Final[dict[str, frozenset[str]]] = {
    "notebook": frozenset({"ipynb"}),
    "picture": frozenset({"png", "jpg", "jpeg", "gif", "webp", "svg"}),
    "table": frozenset({"csv", "tsv"}),
    "text": frozenset(
        [
            "txt",
            "md",
            "rst",
            "log",
            "json",
            "yaml",
            "yml",
            "toml",
            "ini",
            "cfg",
            "xml",
            "py",
            "r",
            "jl",
            "m",
            "sh",
            "sql",
            "tex",
            "bib",
            "c",
            "h",
            "cpp",
            "f90",
            "js",
            "ts",
            "html",
            "css",
        ]
    ),
}
LONGEST_PATH: Final = 1000
LONGEST_NAME: Final = 255
MOST_LEVELS: Final = 40


def kind_of(name: str) -> str:
    """`notebook`, `picture`, `table`, `text` or `other`, by the end of the name."""
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, endings in KINDS.items() if ending in endings), "other")


def is_plain(name: str) -> bool:
    """Whether a name can be shown and addressed: UTF-8, no dot in front, nothing invisible that changes its look."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return False
    return (
        0 < size <= LONGEST_NAME
        and not name.startswith(".")
        and "/" not in name
        and mistake_in(name, most=LONGEST_NAME) is None
    )


def parts_of(path: str) -> tuple[str, ...]:
    """The names in a path that is relative to the pilot's folder; none for the folder itself.

    Raises
    ------
    NotFound
        If it is absolute, too long or too deep, or any name in it is not plain.
    """
    if not path:
        return ()
    parts = tuple(path.split("/"))
    if len(path) > LONGEST_PATH or len(parts) > MOST_LEVELS or not all(is_plain(part) for part in parts):
        raise no_such_file()
    return parts


def no_such_file() -> NotFound:
    """The refusal for whatever is not there or not for pages; it does not tell which."""
    return NotFound(
        _("There is no such file or folder here. It may have been moved or renamed; look in the list."),
        code="no_such_file",
    )
