"""NIfTI images (magnetic resonance), packed or not, to named axes in millimetres.

The volume is turned so that `x` runs from the person's left to right, `y` from back to front and `z` from foot to
head. If the scan was tilted, the coordinates run along the scan's own axes and `attrs["tilted"]` is 1.
"""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import xarray
from nibabel.affines import voxel_sizes

from kontor.lab.errors import DataFormatError

_TO_MM = {"meter": 1e3, "mm": 1.0, "micron": 1e-3, "unknown": 1.0}
_TO_S = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def read(path: Path) -> xarray.Dataset:
    """The image as variable `intensity` with dimensions x, y, z and, for a series, time and channel."""
    image = nibabel.as_closest_canonical(_image(path))
    values = np.asanyarray(image.dataobj)
    if values.dtype.fields:  # colour: red, green, blue
        values = np.stack([values[name] for name in values.dtype.names or ()], axis=-1)
    space, _ = image.header.get_xyzt_units()
    dims = ("x", "y", "z", "time", "channel", "dim6", "dim7", "dim8")[: values.ndim]
    coords = _coordinates(image, _TO_MM.get(space, 1.0), dims)
    dataset = xarray.Dataset({"intensity": (dims, values, {"long_name": "signal intensity"})}, coords=coords)
    dataset.attrs = {
        "units_stated": int(space != "unknown"),
        "tilted": int(_tilted(image.affine)),
        "affine_mm": [float(number) for number in np.ravel(image.affine)],
        "description": bytes(image.header["descrip"]).split(b"\0")[0].decode("latin-1").strip(),
    }
    return dataset


def _image(path: Path) -> Any:
    """The image, its data still in the bytes of the file; refused if the file has fewer bytes than the header says."""
    content = _unpacked(path)
    nifti2 = content[4:8] in (b"n+2\0", b"ni2\0")
    if content[344:348] == b"ni1\0" or content[4:8] == b"ni2\0":
        raise DataFormatError(
            f"'{path.name}' is only the header of a NIfTI image in two files. Join both to one .nii file first "
            "(for example with nibabel) and open that."
        )
    kind = nibabel.Nifti2Image if nifti2 else nibabel.Nifti1Image
    image = kind.from_bytes(content)
    header = image.header
    voxels = 1
    for length in header.get_data_shape():
        voxels *= int(length)
    promised = voxels * int(header.get_data_dtype().itemsize) + int(image.dataobj.offset)
    if promised > len(content):
        raise DataFormatError(
            f"The header of '{path.name}' promises {promised:,} bytes, but there are only {len(content):,}: the file "
            "is damaged or was cut short. Copy it again from where it came."
        )
    return image


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    return bz2.decompress(content) if content.startswith(b"BZh") else content


def _tilted(affine: np.ndarray) -> bool:
    turn = affine[:3, :3]
    off = np.abs(turn - np.diag(np.diag(turn))).max()
    return bool(off > 1e-3 * np.abs(np.diag(turn)).max())


def _coordinates(image: Any, to_mm: float, dims: tuple[str, ...]) -> dict[str, Any]:
    zooms = voxel_sizes(image.affine)
    coords: dict[str, Any] = {}
    names = {"x": "left to right", "y": "back to front", "z": "foot to head"}
    for axis, name in enumerate(dims[:3]):
        step = zooms[axis] if _tilted(image.affine) else image.affine[axis, axis]
        values = (step * np.arange(image.shape[axis]) + image.affine[axis, 3]) * to_mm
        coords[name] = (name, values.astype("float64"), {"units": "mm", "long_name": names[name]})
    if "time" in dims:
        unit = image.header.get_xyzt_units()[1]
        step = float(image.header.get_zooms()[3]) * _TO_S.get(unit, 1.0)
        count = np.arange(image.shape[3])
        values = count * step if step > 0 and unit in _TO_S else count.astype("float64")
        coords["time"] = ("time", values, {"units": "s" if step > 0 and unit in _TO_S else "volume number"})
    return coords
