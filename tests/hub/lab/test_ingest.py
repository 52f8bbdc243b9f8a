"""Ingest: whole or not at all, once, and readable as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import obstore
import pytest
import xarray
from obstore.store import LocalStore

from kontor.errors import Conflict, KontorError
from kontor.lab import ingest as module
from kontor.lab.errors import DataFormatError
from kontor.lab.ingest import ingest, pieces
from tests.hub.lab import files

WORDS = {"title": "A title", "technique": "MR", "origin": "made for a test", "licence": "CC0", "note": ""}
PLACES = ("a.nii", "a.mrc", "a.mzML", "a.nxs")
MAKERS = dict(zip(PLACES, (files.nifti, files.mrc, files.mzml, files.nexus), strict=True))


@pytest.fixture
def bucket(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "bucket", mkdir=True)


def _keys(bucket: LocalStore) -> list[str]:
    return sorted(one["path"] for batch in obstore.list(bucket) for one in batch)


@pytest.mark.parametrize("name", PLACES)
def test_what_is_stored_is_what_was_read(name: str, bucket: LocalStore, tmp_path: Path) -> None:
    source = MAKERS[name](tmp_path / name)
    record = ingest(source, bucket=bucket, pilot="knee-mr", name="one", words=WORDS)
    assert bytes(obstore.get(bucket, record["object"]).bytes()) == source.read_bytes()
    assert bytes(obstore.get(bucket, record["preview"]).bytes()).startswith(b"\x89PNG")
    stored = xarray.open_zarr(tmp_path / "bucket" / record["zarr"], consolidated=True)
    xarray.testing.assert_equal(stored.compute(), module.read(source))
    assert stored.attrs["sha256"] == record["sha256"]
    assert {key.split("/")[2].split(".")[0] for key in _keys(bucket)} == {"one"}, "nothing is written beside it"


def test_again_changes_nothing_but_words(bucket: LocalStore, tmp_path: Path) -> None:
    source = files.nifti(tmp_path / "a.nii")
    first = ingest(source, bucket=bucket, pilot="knee-mr", name="one", words=WORDS)
    before = {key: obstore.head(bucket, key)["last_modified"] for key in _keys(bucket)}
    assert ingest(source, bucket=bucket, pilot="knee-mr", name="one", words=WORDS) == first
    assert {key: obstore.head(bucket, key)["last_modified"] for key in _keys(bucket)} == before
    renamed = ingest(source, bucket=bucket, pilot="knee-mr", name="one", words={**WORDS, "title": "B"})
    assert renamed == {**first, "title": "B"}


def test_other_bytes_are_refused(bucket: LocalStore, tmp_path: Path) -> None:
    ingest(files.nifti(tmp_path / "a.nii"), bucket=bucket, pilot="knee-mr", name="one", words=WORDS)
    with pytest.raises(Conflict, match="is there with other bytes"):
        ingest(files.nifti(tmp_path / "b.nii", (2, 2, 2)), bucket=bucket, pilot="knee-mr", name="one", words=WORDS)


def test_a_failure_leaves_nothing(bucket: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(dataset: object) -> bytes:
        raise RuntimeError("no picture")

    monkeypatch.setattr(module, "preview_png", fail)
    with pytest.raises(RuntimeError, match="no picture"):
        ingest(files.nifti(tmp_path / "a.nii"), bucket=bucket, pilot="knee-mr", name="one", words=WORDS)
    assert _keys(bucket) == []


def test_a_bad_file_or_name_writes_nothing(bucket: LocalStore, tmp_path: Path) -> None:
    bad = tmp_path / "a.nii"
    bad.write_bytes(b"no")
    with pytest.raises(DataFormatError):
        ingest(bad, bucket=bucket, pilot="knee-mr", name="one", words=WORDS)
    with pytest.raises(KontorError, match="is not a name"):
        ingest(files.nifti(bad), bucket=bucket, pilot="knee-mr", name="../one", words=WORDS)
    assert _keys(bucket) == []


@pytest.mark.parametrize(
    ("shape", "itemsize", "expected"),
    [
        ((), 8, ()),
        ((0,), 4, (1,)),
        ((10,), 8, (10,)),
        ((4096, 4096), 2, (1024, 1024)),
        ((197, 233, 189), 1, (99, 117, 95)),
    ],
)
def test_pieces(shape: tuple[int, ...], itemsize: int, expected: tuple[int, ...]) -> None:
    assert pieces(shape, itemsize) == expected


def test_importing_kontor_loads_nothing_heavy() -> None:
    code = "import sys, kontor; print(sorted({'xarray','numpy','dask','zarr','pydantic','fastapi'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
