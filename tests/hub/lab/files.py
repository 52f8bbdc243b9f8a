"""Small files of every format that Kontor reads, made by the formats' own libraries."""

from __future__ import annotations

import base64
import gzip
import struct
from pathlib import Path

import h5py
import mrcfile
import nibabel
import numpy as np


def nifti(path: Path, shape: tuple[int, ...] = (6, 7, 8), affine: np.ndarray | None = None) -> Path:
    values = np.arange(int(np.prod(shape)), dtype="int16").reshape(shape)
    image = nibabel.Nifti1Image(values, np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine)
    image.header.set_xyzt_units("mm", "sec")
    path.write_bytes(gzip.compress(image.to_bytes()) if path.suffix == ".gz" else image.to_bytes())
    return path


def mrc(path: Path, shape: tuple[int, ...] = (16, 24)) -> Path:
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.arange(int(np.prod(shape)), dtype="float32").reshape(shape))
        file.voxel_size = 1.5
    return path


def nexus(path: Path, *, default: bool = True, signal: bool = True) -> Path:
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        if default:
            file.attrs["default"], entry.attrs["default"] = "entry", "data"
        if signal:
            data.attrs["signal"], data.attrs["axes"] = "counts", ["angle", "energy"]
        data["counts"] = np.ones((3, 4), dtype="int32")
        data["counts"].attrs["units"] = "counts"
        data["angle"] = np.array([0.0, 10.0, 20.0])
        data["angle"].attrs["units"] = "degree"
        data["energy"] = np.array([0.0, 2.0, 4.0, 6.0, 8.0])  # edges
    return path


def mzml(path: Path, spectra: int = 3, promised: int | None = None) -> Path:
    parts = "".join(_spectrum(index) for index in range(spectra))
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">'
        '<cvList count="1"><cv id="MS" fullName="Mass Spectrometry Ontology" version="4.1.79" URI="none"/></cvList>'
        f'<run id="r"><spectrumList count="{promised or spectra}" defaultDataProcessingRef="d">{parts}</spectrumList>'
        "</run></mzML>"
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def _spectrum(index: int) -> str:
    arrays = (("MS:1000514", "m/z array", (400.0, 500.0)), ("MS:1000515", "intensity array", (10.0, 30.0 + index)))
    binary = "".join(
        f'<binaryDataArray encodedLength="24"><cvParam accession="MS:1000523" name="64-bit float" value=""/>'
        f'<cvParam accession="MS:1000576" name="no compression" value=""/>'
        f'<cvParam accession="{accession}" name="{name}" value=""/>'
        f"<binary>{base64.b64encode(struct.pack('<2d', *values)).decode()}</binary></binaryDataArray>"
        for accession, name, values in arrays
    )
    return (
        f'<spectrum index="{index}" id="scan={index + 1}" defaultArrayLength="2">'
        '<cvParam accession="MS:1000511" name="ms level" value="1"/>'
        '<scanList count="1"><scan><cvParam accession="MS:1000016" name="scan start time" '
        f'value="{index + 1}.0" unitAccession="UO:0000031" unitName="minute"/></scan></scanList>'
        f'<binaryDataArrayList count="2">{binary}</binaryDataArrayList></spectrum>'
    )
