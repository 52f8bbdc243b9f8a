"""What a file is, found from its first bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path

from kontor.lab.errors import DataFormatError

HEAD = 65536
_HDF5 = b"\x89HDF\r\n\x1a\n"
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (128, b"DICM", "a DICOM file"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (0, b"\x7fELF", "a program"),
)


def opening(path: Path) -> bytes:
    """The first 64 KiB of the file's content, unpacked if it is packed with gzip or bzip2."""
    with path.open("rb") as file:
        raw = file.read(HEAD)
    if not raw.startswith((b"\x1f\x8b", b"BZh")):
        return raw
    unpack = gzip.open if raw.startswith(b"\x1f\x8b") else bz2.open
    try:
        with unpack(path, "rb") as packed:
            return bytes(packed.read(HEAD))
    except (EOFError, OSError, zlib.error, lzma.LZMAError):
        raise DataFormatError(
            f"'{path.name}' is a packed file that cannot be unpacked: it is damaged or was cut short. "
            "Copy it again from where it came."
        ) from None


def content_format(path: Path) -> str | None:
    """Name of the format that the content has, or None if it is none that Kontor reads."""
    head = opening(path)
    if head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0"):
        return "nifti"
    if head[208:212] == b"MAP ":
        return "mrc"
    if any(head[start : start + 8] == _HDF5 for start in (0, 512, 1024, 2048, 4096, 8192)):
        return "nexus"
    if b"<mzML" in head or b"<indexedmzML" in head:
        return "mzml"
    return None


def content_title(path: Path) -> str:
    """What the content looks like, for a sentence ("a PNG picture")."""
    head = opening(path)
    for start, magic, title in _OTHERS:
        if head[start : start + len(magic)] == magic:
            return title
    start_of_text = head[:1024].lstrip().lower()
    if start_of_text.startswith((b"<!doctype html", b"<html")):
        return "a web page (perhaps a login page that was saved instead of the data)"
    if start_of_text.startswith(b"<?xml"):
        return "an XML document of another kind"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "a binary file of an unknown kind"
    return "a text file" if b"\0" not in head else "a binary file of an unknown kind"
