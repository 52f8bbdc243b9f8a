"""POSIX access control lists of files, as Linux keeps them (acl(5); `struct posix_acl_xattr_header` of the kernel).

An *access* list says who may use a file or folder; a folder's *default* list is what new things in it begin with,
whatever the umask of the program that makes them.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

READ, WRITE, ENTER = 4, 2, 1
ACCESS: Final = "system.posix_acl_access"
DEFAULT: Final = "system.posix_acl_default"
_VERSION: Final = 2
_OWNER, _GROUP, _NAMED_GROUP, _MASK, _OTHER = 0x01, 0x04, 0x08, 0x10, 0x20
_NOBODY_NAMED: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class Acl:
    """Who may do what: bits of READ, WRITE and ENTER (run, for a file).

    Parameters
    ----------
    owner : int
        Bits of the owner.
    groups : mapping
        Numeric group -> bits. The file's own group and everybody else get nothing.
    """

    owner: int
    groups: Mapping[int, int] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """As the kernel reads it: sorted by kind and group; the mask lets all the groups' bits through."""
        mask = 0
        for bits in self.groups.values():
            mask |= bits
        entries = [(_OWNER, self.owner, _NOBODY_NAMED), (_GROUP, 0, _NOBODY_NAMED)]
        entries += [(_NAMED_GROUP, bits, group) for group, bits in sorted(self.groups.items())]
        entries += [(_MASK, mask, _NOBODY_NAMED), (_OTHER, 0, _NOBODY_NAMED)]
        return struct.pack("<I", _VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def apply(descriptor: int, kind: str, acl: Acl) -> bool:
    """Give an open file or folder this list; returns whether it had another one.

    Parameters
    ----------
    kind : str
        ACCESS or DEFAULT.

    Raises
    ------
    OSError
        With `ENOTSUP` if the file system has no such lists.
    """
    wanted = acl.encoded()
    try:
        if os.getxattr(descriptor, kind) == wanted:
            return False
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
    os.setxattr(descriptor, kind, wanted)
    return True
