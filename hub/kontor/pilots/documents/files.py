"""Looking into a pilot's folder: lists, and files opened for reading, strictly inside it.

Code in the pilot's workspace puts into that folder what it likes: links to other people's files, pipes that never
answer, names of any bytes. So a path is never handed to the system whole. It is walked name by name from the folder
itself; each step opens a handle that cannot be a link (`O_PATH | O_NOFOLLOW`), looks at what the handle is, and goes
on from the handle. Whatever is renamed or replaced meanwhile, what was looked at is what is opened.

Shown are plain files and folders with plain names. Links are refused all of them, also those that stay inside; so is
everything whose name begins with a dot. A second name of a file (a hard link) cannot be told from the first: who can
make one here could read the file anyway.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Final

from kontor.errors import NotAllowed, Unavailable
from kontor.pilots.documents.file_names import is_plain, kind_of, no_such_file, parts_of
from kontor.pilots.store import Pilot
from kontor.words import N_, _

FOLDER: Final = "folder"
STAYS_INSIDE: Final = frozenset({"sensitive", "clinical"})
"""Classes of pilots whose files are looked at here and do not leave."""
INSIDE_WORDS: Final = N_(
    "Files of sensitive and clinical pilots stay inside; taking them out needs a review that Kontor does not offer "
    "yet. Ask the steward."
)
MOST_ENTRIES: Final = 20_000
"""Names that are read of one folder; the rest of a larger one is counted as left out."""
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_THERE = {
    errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ENXIO, errno.EINVAL,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A file or folder; `path` is relative to the pilot's folder, `size` is None for folders."""

    name: str
    path: str
    kind: str
    size: int | None
    changed: datetime


@dataclass(frozen=True)
class Names:
    """What a folder holds, folders first, by name: (name, is a folder). `left_out` counts what is not shown."""

    path: str
    names: list[tuple[str, bool]]
    left_out: int


class OpenFile:
    """A regular file, open for reading; a context manager.

    Parameters
    ----------
    entry : Entry
    file : FileIO
    stat : os.stat_result
        Of the opened file itself.
    """

    def __init__(self, entry: Entry, file: FileIO, stat: os.stat_result) -> None:
        self.entry = entry
        self.stat = stat
        self._file = file

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    @property
    def address(self) -> str:
        """A path that leads to this very file, whatever has become of its name; good until it is closed."""
        return f"/proc/self/fd/{self._file.fileno()}"

    def read(self, most: int) -> bytes:
        """At most this many bytes from the beginning."""
        self._file.seek(0)
        parts: list[bytes] = []
        while most > 0 and (part := self._file.read(min(most, 1 << 20))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)


def may_leave(pilot: Pilot) -> None:
    """Raise NotAllowed (`stays_inside`) unless files of this pilot may be downloaded."""
    if pilot.class_ in STAYS_INSIDE:
        raise NotAllowed(_(INSIDE_WORDS), code="stays_inside")


def look(root: Path, path: str) -> Entry:
    """What is at a path; raises as `open_file`."""
    parts = parts_of(path)
    with handle_of(root, parts) as handle:
        return _entry(parts, os.fstat(handle))


def names_in(root: Path, path: str) -> Names:
    """The names in a folder. The pilot's folder itself is empty until its workspace was made.

    Raises
    ------
    NotFound
        If there is no such folder, or it is not for pages.
    Unavailable
        If it cannot be read.
    """
    parts = parts_of(path)
    if not parts and not root.exists():
        return Names("", [], 0)
    with folder_of(root, parts) as folder, _reading(), os.scandir(folder) as found:
        seen = [entry for entry in islice(found, MOST_ENTRIES + 1) if not entry.name.startswith(".")]
        names = [(one.name, one.is_dir(follow_symlinks=False)) for one in seen if _is_shown(one)]
    names.sort(key=lambda one: (not one[1], one[0].casefold(), one[0]))
    return Names(path, names[:MOST_ENTRIES], len(seen) - len(names[:MOST_ENTRIES]))


def entries(root: Path, listed: Names, *, start: int = 0, count: int = 200) -> list[Entry]:
    """A part of a folder's list with sizes and times; what has vanished meanwhile is left out."""
    chosen = listed.names[start : start + count]
    if not chosen:
        return []
    above = parts_of(listed.path)
    with folder_of(root, above) as folder:
        found = []
        for name, is_folder in chosen:
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode) if is_folder else stat.S_ISREG(status.st_mode):
                found.append(_entry((*above, name), status))
        return found


def open_file(root: Path, path: str) -> OpenFile:
    """A regular file, opened for reading.

    Raises
    ------
    NotFound
        If there is none, it is no regular file, or any step towards it is a link, hidden or has no plain name.
    Unavailable
        If the machine cannot read it.
    """
    parts = parts_of(path)
    with handle_of(root, parts) as handle:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise no_such_file()
        with _reading():
            file = FileIO(os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    return OpenFile(_entry(parts, status), file, status)


@contextmanager
def folder_of(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A folder, opened so that it can be listed and things can be made in it; raises as `open_file`."""
    with handle_of(root, parts) as handle:
        with _reading():
            folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
        try:
            yield folder
        finally:
            os.close(folder)


@contextmanager
def handle_of(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A handle of what is at the end of a walk from the pilot's folder."""
    with _reading():
        handle = _walk(root, parts)
    try:
        yield handle
    finally:
        os.close(handle)


def _walk(root: Path, parts: tuple[str, ...]) -> int:
    handle = _step(None, str(root))
    for part in parts:
        above = handle
        try:
            handle = _step(above, part)
        finally:
            os.close(above)
    return handle


def _step(above: int | None, name: str) -> int:
    """Open what a name stands for, as it is: a link is opened as a link, and refused."""
    handle = os.open(name, _HANDLE, dir_fd=above)
    if stat.S_ISLNK(os.fstat(handle).st_mode):
        os.close(handle)
        raise no_such_file()
    return handle


@contextmanager
def _reading() -> Iterator[None]:
    """Errors of the system while something is read become sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise no_such_file() from error
        raise Unavailable(
            _("The files cannot be reached right now. Please try again in a moment."), code="files_unavailable"
        ) from error


def _is_shown(entry: os.DirEntry[str]) -> bool:
    return is_plain(entry.name) and (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False))


def _entry(parts: tuple[str, ...], status: os.stat_result) -> Entry:
    is_folder = stat.S_ISDIR(status.st_mode)
    name = parts[-1] if parts else ""
    kind = FOLDER if is_folder else kind_of(name)
    size = None if is_folder else status.st_size
    return Entry(name, "/".join(parts), kind, size, _moment(status.st_mtime))


def _moment(seconds: float) -> datetime:
    """A file's time; code can set it to years that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)
