"""Moving between two open folders so that nothing is replaced."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress


def move_without_replacing(name: str, source: int, target: int) -> None:
    """Move a file or folder to another folder; raises FileExistsError or NotADirectoryError if its name is taken.

    A link fails if there is something, whoever is faster. Folders have no links, but moving one replaces at most an
    empty folder; the slash makes the system refuse everything else, also if it was exchanged just now.
    """
    if not stat.S_ISDIR(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode):
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)
        return
    if _is_there(target, name):
        raise FileExistsError(errno.EEXIST, name)
    try:
        os.rename(f"{name}/", name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, name) from None
        raise


def _is_there(place: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=place, follow_symlinks=False)
        return True
    return False
