"""Bring a facility's file into the object store: the original, a chunked copy for analysis, a preview, a record.

    raw/<pilot>/<name>/<original file>   byte for byte
    raw/<pilot>/<name>.zarr/             Zarr 3, cut into pieces that a worker reads at once
    raw/<pilot>/<name>.png               preview
    raw/<pilot>/<name>.json              the record; written last, so what has one is whole

Needs rights to write below `raw/`, which labs and workers do not have: it is used at set-up, by the service's hands.

As a program, `python -m kontor.lab.ingest` takes a list of jobs as JSON from its input, the store and its keys from
AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and prints the records as JSON, so that the process that
sets up need not load the scientific packages.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import obstore
import xarray
from obstore.store import LocalStore, S3Store
from zarr.errors import ZarrUserWarning
from zarr.storage import ObjectStore

from kontor.errors import Conflict, KontorError
from kontor.lab.preview import preview_png
from kontor.lab.readers import read
from kontor.lab.store import BUCKET
from kontor.names import check_slug

VERSION = 1
WORDS = ("title", "technique", "origin", "licence", "facility", "note")
_PIECES, _SMALLEST, _LARGEST = 16, 1 << 20, 32 << 20


def admin_bucket(endpoint: str, key: str, secret: str, region: str = "us-east-1") -> S3Store:
    """The whole bucket, with keys that may write everywhere."""
    return S3Store(
        BUCKET,
        endpoint=endpoint,
        region=region,
        access_key_id=key,
        secret_access_key=secret,
        virtual_hosted_style_request=False,
        client_options={"allow_http": endpoint.startswith("http://")},
    )


def ingest(
    source: Path, *, bucket: Any, pilot: str, name: str, words: Mapping[str, str], format: str | None = None
) -> dict[str, Any]:
    """Bring one file in, or do nothing if it is there already.

    Parameters
    ----------
    source : Path
        The facility's file; its name is kept.
    bucket : obstore.store.S3Store or LocalStore
        Root of the bucket, writable (`admin_bucket`).
    pilot, name : str
        Slugs; the data set will be ``<pilot>/<name>``.
    words : mapping
        ``title``, ``technique``, ``origin``, ``licence``, and optionally ``facility`` and ``note``.
    format : str, optional
        Name of the format; found from the content otherwise.

    Returns
    -------
    dict
        The record: pilot, name, title, technique, format, size, sha256, origin, licence, facility, note, and the keys
        object, zarr and preview.

    Raises
    ------
    DataFormatError
        The file is no such format; nothing was written.
    Conflict
        The name is taken by other bytes; nothing was changed.

    After any failure nothing of the data set is left in the bucket, except what an earlier import had completed.
    """
    check_slug(pilot, "pilot")
    check_slug(name, "data set")
    base = f"raw/{pilot}/{name}"
    digest, size = checksum(source), source.stat().st_size
    known = _known(bucket, f"{base}.json")
    if known is not None and known["sha256"] != digest:
        raise Conflict(
            f"The data set '{pilot}/{name}' is there with other bytes. Data sets are not changed in place; use another "
            "name.",
            code="name_taken",
        )
    if known is not None and known["version"] == VERSION:
        return _with_words(bucket, f"{base}.json", known, words)
    dataset = read(source, format)
    record = {
        "pilot": pilot, "name": name, "format": dataset.attrs["format"], "size": size, "sha256": digest,
        "object": f"{base}/{source.name}", "zarr": f"{base}.zarr", "preview": f"{base}.png",
        **_words(words),
    }  # fmt: skip
    clear(bucket, pilot, name)
    try:
        _write(bucket, dataset, source, record)
    except BaseException:
        clear(bucket, pilot, name)
        raise
    return record


def clear(bucket: Any, pilot: str, name: str) -> None:
    """Remove everything of a data set, its record first."""
    base = f"raw/{pilot}/{name}"
    for key in (f"{base}.json", f"{base}.png"):
        if _exists(bucket, key):
            obstore.delete(bucket, key)
    for prefix in (f"{base}.zarr", base):
        for batch in obstore.list(bucket, prefix):
            keys = [one["path"] for one in batch if one["path"].startswith(f"{prefix}/")]
            if keys:
                obstore.delete(bucket, keys)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pieces(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """How an array is cut: about sixteen pieces, none under 1 MiB or over 32 MiB, cut where it is longest."""
    whole = itemsize
    for length in shape:
        whole *= length
    target = min(max(whole // _PIECES, _SMALLEST), _LARGEST)
    piece, bytes_now = list(shape), whole
    while bytes_now > target * 1.5 and max(piece) > 1:
        longest = piece.index(max(piece))
        bytes_now = bytes_now // piece[longest]
        piece[longest] = -(-piece[longest] // 2)
        bytes_now *= piece[longest]
    return tuple(max(1, length) for length in piece)


def _write(bucket: Any, dataset: xarray.Dataset, source: Path, record: Mapping[str, Any]) -> None:
    carried = {key: record[key] for key in (*WORDS, "sha256") if record[key]}
    dataset = dataset.assign_attrs(data_set=f"{record['pilot']}/{record['name']}", **carried)
    encoding = {
        name: {"chunks": pieces(variable.shape, variable.dtype.itemsize)}
        for name, variable in dataset.variables.items()
        if variable.ndim
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)  # consolidated metadata is not yet in the text of Zarr 3
        dataset.to_zarr(
            ObjectStore(_below(bucket, record["zarr"])), mode="w", encoding=encoding, zarr_format=3, consolidated=True
        )
    obstore.put(bucket, record["object"], source)
    _put(bucket, record["preview"], preview_png(dataset), "image/png")
    _put_record(bucket, f"raw/{record['pilot']}/{record['name']}.json", record)


def _put_record(bucket: Any, key: str, record: Mapping[str, Any]) -> None:
    text = json.dumps({**record, "version": VERSION}, indent=1, ensure_ascii=False)
    _put(bucket, key, text.encode(), "application/json")


def _put(bucket: Any, key: str, content: bytes, kind: str) -> None:
    obstore.put(bucket, key, content, attributes={"Content-Type": kind} if isinstance(bucket, S3Store) else None)


def _below(bucket: Any, prefix: str) -> Any:
    """The same store, rooted at `prefix`, so that nothing is written beside it."""
    if isinstance(bucket, LocalStore):
        return LocalStore(Path(str(bucket.prefix)) / prefix, mkdir=True)
    options: dict[str, Any] = {**bucket.config, "prefix": prefix, "client_options": bucket.client_options}
    return S3Store(**options)


def _with_words(bucket: Any, key: str, known: dict[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The known record with today's words; stored again only if they changed."""
    record = {**{name: value for name, value in known.items() if name != "version"}, **_words(words)}
    if record != {name: value for name, value in known.items() if name != "version"}:
        _put_record(bucket, key, record)
    return record


def _words(words: Mapping[str, str]) -> dict[str, Any]:
    return {key: words.get(key) or ("" if key != "facility" else None) for key in WORDS}


def _known(bucket: Any, key: str) -> dict[str, Any] | None:
    if not _exists(bucket, key):
        return None
    record: dict[str, Any] = json.loads(bytes(obstore.get(bucket, key).bytes()))
    return record


def _exists(bucket: Any, key: str) -> bool:
    try:
        obstore.head(bucket, key)
    except FileNotFoundError:
        return False
    return True


def main() -> int:
    """Do the jobs given as JSON: `[{"source", "pilot", "name", "format", "words"}, ...]`; a sentence if one fails."""
    try:
        where = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        bucket = admin_bucket(*(os.environ[name] for name in where))
        jobs = json.load(sys.stdin)
        records = [
            ingest(Path(one["source"]), bucket=bucket, pilot=one["pilot"], name=one["name"], format=one.get("format"),
                   words=one["words"])
            for one in jobs
        ]  # fmt: skip
    except KontorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(records, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
