"""A pilot's files as one zip that is made while it is sent, with a manifest that says what is in it.

    files/...                  the pilot's folder, as it is; hidden entries at its top are programs' own and stay out
    manifest.json              the pilot, its members, its data sets with licence and checksum, every file with SHA-256
    ro-crate-metadata.json     the same for machines, as RO-Crate 1.1

Nothing outside the folder ever gets in: links are listed and not followed, each file is opened below the open folder
that it was found in, and only if it is a plain file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_CHUNK: Final = 1 << 18
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_LICENCE: Final = "As agreed in the pilot; each data set says its own."


@dataclass(frozen=True)
class Facts:
    """What the manifest says beside the files; everything in it can be written as JSON."""

    pilot: dict[str, Any]
    members: list[dict[str, Any]]
    datasets: list[dict[str, Any]]


@dataclass
class _Found:
    """What went in."""

    files: list[dict[str, Any]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class _Sink(io.RawIOBase):
    """Where the zip is written; `take` gives what has come since."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def count_files(folder: Path) -> int:
    """How many files an export of this folder has now."""
    return sum(1 for _name, _fd, _entry in _walk(folder, _Found()))


def zipped(folder: Path, facts: Facts, *, now: datetime) -> Iterator[bytes]:
    """The zip, piece by piece. A folder that is not there gives one with the manifest only."""
    sink, found = _Sink(), _Found()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, parent, entry in _walk(folder, found):
            yield from _add(archive, sink, found, name, parent, entry)
        manifest = {
            "made": now.astimezone(UTC).isoformat(),
            "pilot": facts.pilot,
            "members": facts.members,
            "datasets": facts.datasets,
            "files": found.files,
            "links_left_out": found.links,
            "unread": found.unread,
        }
        archive.writestr("manifest.json", _json(manifest))
        archive.writestr("ro-crate-metadata.json", _json(crate(facts, found.files, now)))
        yield sink.take()
    yield sink.take()


def crate(facts: Facts, files: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """The RO-Crate 1.1 description: its root, every file, and the data sets that the pilot used."""
    used = [
        {
            "@id": f"#dataset-{one['name']}",
            "@type": "Dataset",
            "name": one["title"],
            "license": one["licence"],
            "identifier": f"sha256:{one['sha256']}",
        }
        for one in facts.datasets
    ]
    held = [
        {"@id": one["path"], "@type": "File", "name": one["path"].rpartition("/")[2], "contentSize": str(one["size"])}
        | {"sha256": one["sha256"]}
        for one in files
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": facts.pilot["title"],
        "description": facts.pilot["question"],
        "datePublished": now.astimezone(UTC).date().isoformat(),
        "license": _LICENCE,
        "hasPart": [{"@id": one["@id"]} for one in held],
        "mentions": [{"@id": one["@id"]} for one in used],
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [descriptor, root, *held, *used]}


def _walk(folder: Path, found: _Found) -> Iterator[tuple[str, int, str]]:
    """(path in the zip, descriptor of the folder that it is in, its name there) of every plain file."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for root, folders, files, parent in os.fwalk(folder, follow_symlinks=False):
        inside = Path(root).relative_to(folder)
        if inside == Path("."):
            folders[:] = [name for name in folders if not name.startswith(".")]
            files = [name for name in files if not name.startswith(".")]
        folders.sort()
        for name in sorted([*files, *(one for one in folders if _is_link(one, parent))]):
            shown = _shown(inside / name)
            if _is_link(name, parent):
                found.links.append(shown)
            else:
                yield f"files/{shown}", parent, name


def _is_link(name: str, parent: int) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode)
    except OSError:
        return False


def _shown(path: Path) -> str:
    """A path in letters that every zip program can read."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def _add(archive: zipfile.ZipFile, sink: _Sink, found: _Found, path: str, parent: int, name: str) -> Iterator[bytes]:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        found.unread.append(path)
        return
    with os.fdopen(descriptor, "rb", buffering=0) as source:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            found.unread.append(path)
            return
        moment = max(datetime.fromtimestamp(about.st_mtime, UTC).timetuple()[:6], _EARLIEST)
        entry = zipfile.ZipInfo(path, moment)
        entry.compress_type = zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with archive.open(entry, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
                yield sink.take()
    found.files.append({"path": path, "size": size, "sha256": digest.hexdigest()})


def _json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
