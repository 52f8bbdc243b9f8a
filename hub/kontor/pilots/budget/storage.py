"""What a pilot keeps: bytes in its folder and of its objects in the store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from kontor.data.store_access import BUCKET

AREAS: Final = ("raw", "results", "scratch")
_BLOCK: Final = 512


def folder_bytes(folder: Path) -> int:
    """Bytes that a folder takes up on disk; links are not followed, other disks not entered, hard links counted once.

    What cannot be read is left out, and so is what goes away meanwhile.
    """
    with suppress(OSError):
        return _walk(folder, folder.stat(follow_symlinks=False).st_dev)
    return 0


def _walk(folder: Path, device: int) -> int:
    total, waiting = 0, [str(folder)]
    linked: set[int] = set()
    while waiting:
        with suppress(OSError):
            for name, found in _entries(waiting.pop()):
                if found.st_dev != device or (found.st_nlink > 1 and found.st_ino in linked):
                    continue
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(name)
                elif found.st_nlink > 1:
                    linked.add(found.st_ino)
                total += found.st_blocks * _BLOCK
    return total


def _entries(folder: str) -> Iterable[tuple[str, os.stat_result]]:
    """What is in a folder. A link that has taken its place is refused by the system."""
    door = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with os.scandir(door) as entries:
            found = []
            for entry in entries:
                with suppress(OSError):
                    found.append((os.path.join(folder, entry.name), entry.stat(follow_symlinks=False)))
            return found
    finally:
        os.close(door)


def object_bytes(store: Any, slug: str) -> int:
    """Bytes of a pilot's objects in the store.

    Parameters
    ----------
    store
        S3 client of the admin identity (`data.objectstore.admin_client`).

    Raises
    ------
    botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
        If the store does not answer.
    """
    pages = store.get_paginator("list_objects_v2")
    return sum(
        one["Size"]
        for area in AREAS
        for page in pages.paginate(Bucket=BUCKET, Prefix=f"{area}/{slug}/")
        for one in page.get("Contents", ())
    )
