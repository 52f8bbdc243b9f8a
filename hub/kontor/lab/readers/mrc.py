"""MRC images (electron cryo-microscopy): micrographs, stacks and maps, with coordinates in ångström."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import xarray

from kontor.lab.errors import DataFormatError

_FEI = {  # field of the microscope's extended header -> attribute, factor, what it is in people's units
    "HT": ("voltage_kV", 1e-3),
    "Applied defocus": ("applied_defocus_um", 1e6),
    "Dose": ("dose_per_square_angstrom", 1e-20),
    "Magnification": ("magnification", 1.0),
    "Camera name": ("camera", None),
    "Application": ("software", None),
    "Application version": ("software_version", None),
}


def read(path: Path) -> xarray.Dataset:
    """The image as variable `intensity`: (y, x), (section, y, x) for a stack or (z, y, x) for a map."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            with mrcfile.open(path, mode="r", permissive=False) as mrc:
                return _dataset(mrc)
    except ValueError as error:
        raise DataFormatError(
            f"'{path.name}' begins like an MRC image but is damaged or was cut short ({_reason(str(error))}). "
            "Copy it again from where it came."
        ) from None


def _reason(text: str) -> str:
    return text.split("\n")[0].rstrip(". ")[:160]


def _dataset(mrc: Any) -> xarray.Dataset:
    values = np.array(mrc.data)
    dims = {2: ("y", "x"), 3: ("section" if mrc.is_image_stack() else "z", "y", "x")}.get(
        values.ndim, ("volume", "z", "y", "x")
    )
    coords = {}
    for name in dims:
        if name in ("x", "y", "z"):
            size = float(mrc.voxel_size[name])
            place = np.arange(values.shape[dims.index(name)]) * (size or 1.0)
            coords[name] = (name, place, {"units": "ångström" if size else "pixel", "long_name": name})
    dataset = xarray.Dataset({"intensity": (dims, values, {"long_name": "recorded intensity"})}, coords=coords)
    dataset.attrs = {"pixel_size_angstrom": float(mrc.voxel_size.x), **_microscope(mrc)}
    return dataset


def _microscope(mrc: Any) -> dict[str, Any]:
    """What the microscope wrote about itself, if it did; nothing if its header has another layout."""
    if bytes(mrc.header.exttyp) not in (b"FEI1", b"FEI2"):
        return {}
    header = mrc.indexed_extended_header
    if header is None or not getattr(header.dtype, "names", None) or len(header) == 0:
        return {}
    attrs: dict[str, Any] = {}
    for field, (name, factor) in _FEI.items():
        if field not in header.dtype.names:
            continue
        value = header[field][0]
        if factor is None:
            attrs[name] = bytes(value).decode("latin-1").strip("\0 ")
        elif float(value) != 0:
            attrs[name] = float(value) * factor
    return attrs
