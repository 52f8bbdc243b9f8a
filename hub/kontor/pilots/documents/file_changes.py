"""Changing a pilot's folder from pages: a file is put into it, put aside, and brought back.

A file that comes is written beside its place under a hidden name and linked to its own name when it is whole; that
fails if the name is taken, so nothing is ever overwritten by chance. A file that goes is moved to
`.trash/<day>/<id>/` in the same folder, from where it can be brought back for a month. Every step is taken from an
open folder, as in `files`.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

from kontor.errors import Conflict, KontorError, NotAllowed, Unavailable
from kontor.pilots.documents.file_names import is_plain, no_such_file, parts_of
from kontor.pilots.documents.files import FOLDER, Entry, folder_of, look
from kontor.pilots.documents.moving import move_without_replacing
from kontor.pilots.folders.rights import FOLDERS, RAW
from kontor.words import _

LARGEST: Final = 50_000_000
KEPT: Final = timedelta(days=30)
LEFT_BEHIND: Final = timedelta(days=1)
TRASH: Final = ".trash"
OUTBOX: Final = "outbox"
_STAGED = re.compile(r"\.upload-[0-9a-f]{16}\.part")
_ASIDE = re.compile(r"(\d{4}-\d{2}-\d{2})/([0-9a-f]{16})")
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooLarge(KontorError):
    """A file is larger than pages take."""

    code = "too_large"
    status = 413


@dataclass(frozen=True)
class Staged:
    """A file that has come and waits under a hidden name in the folder that it is for."""

    folder: str
    part: str
    size: int


def may_change(path: str, *, itself: bool = False) -> bool:
    """Whether pages change what is in a folder (or, with `itself`, the thing at this path).

    Data in `raw/` is written by the house only, and `outbox/` holds what is to leave the pilot.
    """
    parts = path.split("/") if path else []
    if itself and (not parts or (len(parts) == 1 and parts[0] in FOLDERS)):
        return False
    return not parts or parts[0] not in (RAW, OUTBOX)


def stage(root: Path, folder: str, source: IO[bytes], *, now: datetime) -> Staged:
    """Write what comes, whole, under a hidden name into a folder.

    Raises
    ------
    NotFound
        If there is no such folder.
    NotAllowed
        If nothing may be put there.
    TooLarge
        If it has more than LARGEST bytes.
    Unavailable
        If it cannot be written.
    """
    if not may_change(folder):
        raise NotAllowed(
            _("Nothing can be put into this folder from here. Choose results, scratch or the top."),
            code="read_only_folder",
        )
    part = f".upload-{secrets.token_hex(8)}.part"
    with folder_of(root, parts_of(folder)) as place, _writing():
        _sweep(place, now)
        target = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o664, dir_fd=place)
        try:
            with os.fdopen(target, "wb") as file:
                size = _copy(source, file)
        except BaseException:
            os.unlink(part, dir_fd=place)
            raise
    return Staged(folder, part, size)


def settle(root: Path, staged: Staged, name: str, *, replace: bool = False, now: datetime) -> Entry:
    """Give a staged file its name.

    Parameters
    ----------
    replace : bool
        Put a file that has the name aside first; without it the name has to be free.

    Raises
    ------
    KontorError
        If the name cannot be a file's (`bad_name`).
    Conflict
        If the name is taken (`name_taken`), or is a folder's (`is_a_folder`).
    NotFound
        If what was staged is not there any more.
    """
    if not is_plain(name):
        raise bad_name()
    path = f"{staged.folder}/{name}" if staged.folder else name
    parts_of(path)
    with folder_of(root, parts_of(staged.folder)) as place, _writing():
        _must_be_staged(place, staged.part)
        if replace:
            _put_aside_if_there(root, path, now)
        try:
            os.link(staged.part, name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=False)
        except FileExistsError:
            raise Conflict(
                _("There is already something called {name} in this folder.").format(name=name), code="name_taken"
            ) from None
        os.unlink(staged.part, dir_fd=place)
    return look(root, path)


def give_up(root: Path, staged: Staged) -> None:
    """Delete what was staged, if it is still there."""
    with folder_of(root, parts_of(staged.folder)) as place, suppress(OSError):
        if _STAGED.fullmatch(staged.part):
            os.unlink(staged.part, dir_fd=place)


def put_aside(root: Path, path: str, *, now: datetime) -> str:
    """Move a file or folder to the trash; returns where in it, for `bring_back`.

    Raises
    ------
    NotFound
        If there is nothing.
    NotAllowed
        If it may not be moved.
    """
    if not may_change(path, itself=True):
        raise NotAllowed(
            _("This cannot be deleted from here. What is in raw and outbox, and the pilot's own folders, stay."),
            code="read_only_folder",
        )
    *above, name = parts_of(path)
    look(root, path)
    day, aside = f"{now.astimezone(UTC):%Y-%m-%d}", secrets.token_hex(8)
    with folder_of(root, tuple(above)) as place, _trash_of(root) as trash, _writing():
        with _inner(trash, day) as days, _inner(days, aside) as target:
            os.rename(name, name, src_dir_fd=place, dst_dir_fd=target)
        _empty(trash, now)
    return f"{day}/{aside}"


def bring_back(root: Path, aside: str, path: str) -> Entry:
    """Move something from the trash to where it was.

    Raises
    ------
    Conflict
        If its place is taken meanwhile (`name_taken`).
    NotFound
        If it is not in the trash any more, or its folder is gone.
    """
    found = _ASIDE.fullmatch(aside)
    *above, name = parts_of(path)
    if found is None or not may_change(path, itself=True):
        raise no_such_file()
    with folder_of(root, tuple(above)) as place, _trash_of(root) as trash, _writing():
        with _inner(trash, found[1], make=False) as days, _inner(days, found[2], make=False) as source:
            try:
                move_without_replacing(name, source, place)
            except (FileExistsError, NotADirectoryError):
                raise Conflict(
                    _("There is a new file or folder called {name} now. Rename that one first.").format(name=name),
                    code="name_taken",
                ) from None
        _forget(trash, found[1], found[2])
    return look(root, path)


def bad_name() -> KontorError:
    """The refusal for a name that no file gets from here."""
    return KontorError(
        _("A file cannot have this name here. Use at most 255 bytes, no dot in front and no hidden characters."),
        code="bad_name",
    )


def _put_aside_if_there(root: Path, path: str, now: datetime) -> None:
    try:
        found = look(root, path)
    except KontorError:
        return
    if found.kind == FOLDER:
        raise Conflict(_("{name} is a folder here. Choose another name.").format(name=found.name), code="is_a_folder")
    put_aside(root, path, now=now)


def _must_be_staged(place: int, part: str) -> None:
    if not _STAGED.fullmatch(part):
        raise no_such_file()
    status = os.stat(part, dir_fd=place, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise no_such_file()


def _copy(source: IO[bytes], target: IO[bytes]) -> int:
    size = 0
    while part := source.read(1 << 20):
        size += len(part)
        if size > LARGEST:
            raise TooLarge(
                _("Files larger than {most} MB cannot be uploaded here. Use the workspace for them.").format(
                    most=LARGEST // 1_000_000
                )
            )
        target.write(part)
    return size


@contextmanager
def _trash_of(root: Path) -> Iterator[int]:
    with folder_of(root, ()) as top, _writing(), _inner(top, TRASH) as trash:
        yield trash


def _forget(trash: int, day: str, aside: str) -> None:
    with suppress(OSError), _inner(trash, day, make=False) as days:
        os.rmdir(aside, dir_fd=days)


@contextmanager
def _inner(above: int, name: str, *, make: bool = True) -> Iterator[int]:
    """A folder of ours below an open one; never a link."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o770, dir_fd=above)
    folder = os.open(name, _FOLDER_FLAGS, dir_fd=above)
    try:
        yield folder
    finally:
        os.close(folder)


def _empty(trash: int, now: datetime) -> None:
    """Delete for good what has been in the trash for a month."""
    oldest = f"{(now - KEPT).astimezone(UTC):%Y-%m-%d}"
    with os.scandir(trash) as found:
        days = [one.name for one in found if re.fullmatch(r"\d{4}-\d{2}-\d{2}", one.name) and one.name < oldest]
    for day in days:
        shutil.rmtree(day, ignore_errors=True, dir_fd=trash)


def _sweep(place: int, now: datetime) -> None:
    """Delete what was staged here and never settled."""
    with os.scandir(place) as found:
        parts = [one.name for one in found if _STAGED.fullmatch(one.name)]
    for part in parts:
        with suppress(OSError):
            if os.stat(part, dir_fd=place, follow_symlinks=False).st_mtime < (now - LEFT_BEHIND).timestamp():
                os.unlink(part, dir_fd=place)


@contextmanager
def _writing() -> Iterator[None]:
    """Errors of the system while something is changed become sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            raise no_such_file() from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise NotAllowed(_("This folder cannot be changed from here."), code="read_only_folder") from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable(_("There is no room left for this file. Ask the operator."), code="no_room") from error
        raise Unavailable(
            _("The files cannot be changed right now. Please try again."), code="files_unavailable"
        ) from error
