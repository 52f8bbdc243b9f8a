"""Who may do what in a pilot's folder.

    where                               editors        viewers
    raw/                                read           read       written by the house only
    scratch/ results/ outbox/, the top  read, write    read
    outside the pilot                   nothing        nothing

Two numeric groups a pilot stand for *editors* (who may edit) and *readers* (every other member); a process belongs to
those of its person's pilots, as many as they are. No group is entered in the machine's files. The rights hold for
everything below, whatever tool, umask or mode it was made with: new things get them from their folder's default list,
and what a tool made without them (a private temporary file that is renamed, a file moved in, an unpacked archive) is
put right by the keeper.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kontor.pilots.folders.acl import ACCESS, DEFAULT, ENTER, READ, WRITE, Acl, apply

log = logging.getLogger("kontor.folders")

RAW: Final = "raw"
FOLDERS: Final = (RAW, "scratch", "results", "outbox")
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST: Final = 64


@dataclass(frozen=True)
class Groups:
    """The two groups of a pilot."""

    editors: int
    readers: int

    @classmethod
    def of(cls, first: int, number: int) -> Groups:
        """Of the pilot with this number, when the groups of pilots begin at `first`."""
        return cls(first + 2 * number, first + 2 * number + 1)


def make_folders(folder: Path) -> None:
    """Make the folders that every pilot has."""
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)


def put_right(folder: Path, groups: Groups, inside: tuple[str, ...] = ()) -> int:
    """Put right everything below a pilot's folder, or below one path in it.

    Never leaves the folder: no symbolic link is followed, not even by chance between two looks, because every step is
    taken from an open folder. What is no file or folder, and what belongs to another account and has a second name
    elsewhere (hard links), is left alone.

    Parameters
    ----------
    inside : tuple of str
        Names that lead from the folder to where to begin; the folder itself if empty.

    Returns
    -------
    int
        How many files and folders had other rights.
    """
    try:
        top = os.open(folder, _FLAGS | os.O_DIRECTORY)
    except FileNotFoundError:
        return 0
    try:
        return _walk(top, inside, groups, _Place(owner=os.fstat(top).st_uid))
    finally:
        os.close(top)


@dataclass(frozen=True)
class _Place:
    owner: int
    depth: int = 0
    raw: bool = False

    def below(self, name: str) -> _Place:
        return _Place(self.owner, self.depth + 1, self.raw or (self.depth == 0 and name == RAW))


def _walk(descriptor: int, inside: tuple[str, ...], groups: Groups, place: _Place) -> int:
    changed = 0
    if not inside:
        try:
            changed = _put_one_right(descriptor, groups, place)
        except PermissionError:  # of another account of this machine: theirs to change
            log.warning("rights of something of account %d stay as they are", os.fstat(descriptor).st_uid)
    if place.depth >= _DEEPEST or not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return changed
    for name in (inside[0],) if inside else tuple(_names(descriptor)):
        try:
            child = os.open(name, _FLAGS, dir_fd=descriptor)
        except OSError:  # gone, a link, or a socket
            continue
        try:
            changed += _walk(child, inside[1:], groups, place.below(name))
        finally:
            os.close(child)
    return changed


def _names(descriptor: int) -> Iterator[str]:
    with os.scandir(descriptor) as entries:
        yield from [entry.name for entry in entries]


def _put_one_right(descriptor: int, groups: Groups, place: _Place) -> int:
    found = os.fstat(descriptor)
    write = 0 if place.raw else WRITE
    if stat.S_ISDIR(found.st_mode):
        acl = Acl(READ | ENTER | write, {groups.editors: READ | ENTER | write, groups.readers: READ | ENTER})
        return int(apply(descriptor, ACCESS, acl)) | int(apply(descriptor, DEFAULT, acl))
    if not stat.S_ISREG(found.st_mode) or (found.st_nlink > 1 and found.st_uid != place.owner):
        return 0
    run = ENTER if found.st_mode & stat.S_IXUSR else 0
    acl = Acl(READ | run | write, {groups.editors: READ | run | write, groups.readers: READ | run})
    return int(apply(descriptor, ACCESS, acl))
