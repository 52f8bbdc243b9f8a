"""Readers: good files give labelled data; anything else gives one sentence and no foreign error."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kontor.errors import KontorError, NotFound
from kontor.lab.errors import DataFormatError
from kontor.lab.readers import FORMATS, read
from tests.hub.lab import files

GOOD: dict[str, tuple[str, Callable[[Path], Path], dict[str, int]]] = {
    "nifti": ("a.nii", files.nifti, {"x": 6, "y": 7, "z": 8}),
    "nifti packed": ("a.nii.gz", files.nifti, {"x": 6, "y": 7, "z": 8}),
    "mrc": ("a.mrc", files.mrc, {"y": 16, "x": 24}),
    "mzml": ("a.mzML", files.mzml, {"scan": 3, "minute": 3}),
    "mzml packed": ("a.mzML.gz", files.mzml, {"scan": 3, "minute": 3}),
    "mzml packed, name does not say so": ("a.mzML", lambda path: _packed(files.mzml(path)), {"scan": 3}),
    "nifti without an ending": ("scan", files.nifti, {"x": 6, "y": 7, "z": 8}),
    "nexus": ("a.nxs", files.nexus, {"angle": 3, "energy": 4}),
    "nexus without default": ("a.h5", lambda path: files.nexus(path, default=False), {"angle": 3, "energy": 4}),
}


def _packed(path: Path) -> Path:
    path.write_bytes(gzip.compress(path.read_bytes()))
    return path


def _cut(path: Path, keep: float = 0.6) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def _filled(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", GOOD)
def test_a_good_file_has_named_dimensions(case: str, tmp_path: Path) -> None:
    name, make, sizes = GOOD[case]
    dataset = read(make(tmp_path / name))
    assert {dim: dataset.sizes[dim] for dim in sizes} == sizes
    assert dataset.attrs["format"] in FORMATS


def test_nifti_coordinates_are_millimetres_from_left_back_foot(tmp_path: Path) -> None:
    affine = np.diag([-2.0, 3.0, 4.0, 1.0])
    affine[:3, 3] = (10, -5, 0)
    dataset = read(files.nifti(tmp_path / "a.nii", affine=affine))
    assert dataset.x.values.tolist() == [0, 2, 4, 6, 8, 10]
    assert float(dataset.y[0]) == -5
    assert dataset.x.attrs["units"] == "mm"
    assert int(dataset.intensity[-1, 0, 0]) == 0, "the volume was turned with its coordinates"


def test_nifti_series_has_time(tmp_path: Path) -> None:
    assert read(files.nifti(tmp_path / "a.nii", (2, 3, 4, 5))).sizes["time"] == 5


def test_mrc_coordinates_are_angstrom(tmp_path: Path) -> None:
    dataset = read(files.mrc(tmp_path / "a.mrc"))
    assert dataset.x.values[:3].tolist() == [0, 1.5, 3.0]
    assert dataset.x.attrs["units"] == "ångström"


def test_nexus_edges_become_centres_and_units_are_kept(tmp_path: Path) -> None:
    dataset = read(files.nexus(tmp_path / "a.nxs"))
    assert dataset.energy.values.tolist() == [1, 3, 5, 7]
    assert dataset.energy_edges.size == 5
    assert dataset.angle.attrs["units"] == "degree"


def test_mzml_map_holds_what_the_scans_hold(tmp_path: Path) -> None:
    dataset = read(files.mzml(tmp_path / "a.mzML"))
    assert dataset.total_ion_current.values.tolist() == [40, 41, 42]
    assert dataset.base_peak_mz.values.tolist() == [500, 500, 500]
    assert dataset.intensity.sum("mz").values.tolist() == [40, 41, 42]


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty": (lambda folder: _filled(folder / "a.nii", b""), "is empty"),
    "a picture": (lambda folder: _filled(folder / "a.nii", b"\x89PNG\r\n\x1a\n" + b"\0" * 400), "a PNG picture"),
    "a saved login page": (lambda folder: _filled(folder / "a.nxs", b"<!DOCTYPE html><html></html>"), "a web page"),
    "text": (lambda folder: _filled(folder / "a.mrc", b"hello\n"), "a text file"),
    "noise": (lambda folder: _filled(folder / "a.mzML", bytes(range(128, 256)) * 9), "a binary file"),
    "named as another format": (lambda folder: files.nexus(folder / "a.nii"), "its content is a NeXus file"),
    "packed and cut in its head": (lambda folder: _cut(files.nifti(folder / "a.nii.gz"), 0.3), "cannot be unpacked"),
    "nifti cut short": (lambda folder: _cut(files.nifti(folder / "a.nii"), 0.8), "cut short"),
    "mrc cut short": (lambda folder: _cut(files.mrc(folder / "a.mrc"), 0.9), "cut short"),
    "mzml cut short": (lambda folder: _cut(files.mzml(folder / "a.mzML")), "cut short"),
    "mzml with spectra missing": (lambda folder: files.mzml(folder / "a.mzML", promised=9), "says it has 9 spectra"),
    "hdf5 cut short": (lambda folder: _cut(files.nexus(folder / "a.nxs")), "cut short"),
    "hdf5 without a plot": (lambda folder: files.nexus(folder / "a.h5", signal=False), "NXdata with an attribute"),
    "a folder": (lambda folder: folder, "is a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gives_a_sentence(case: str, tmp_path: Path) -> None:
    make, sentence = BAD[case]
    with pytest.raises(DataFormatError) as caught:
        read(make(tmp_path))
    assert sentence in caught.value.message
    assert caught.value.message.endswith((".", ")"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None, "no foreign traceback"


def test_saying_the_format_overrules_the_name_but_not_the_content(tmp_path: Path) -> None:
    path = files.nexus(tmp_path / "a.nii")
    assert read(path, format="nexus").sizes["angle"] == 3
    with pytest.raises(DataFormatError, match="was opened as a NIfTI image"):
        read(path, format="nifti")


def test_an_unknown_format_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KontorError, match="Did you mean 'nifti'"):
        read(files.nifti(tmp_path / "a.nii"), format="nifty")
    with pytest.raises(NotFound, match="There is no file"):
        read(tmp_path / "none.nii")
