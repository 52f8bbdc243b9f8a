"""NeXus files (HDF5) of neutron and X-ray facilities.

The *default plot* is found as NeXus says: the file's `default`, then the entry's `default`, then the data group's
`signal`; without `default`, the first entry and the first NXdata with a signal. Its `axes` name the dimensions, and
`units` go with every variable. Bin edges (one more than bins) become centres, the edges stay as `<axis>_edges`.
Monitors, detector fields of the same length and single values of sample and instrument come along.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray

from kontor.lab.errors import DataFormatError


def read(path: Path) -> xarray.Dataset:
    """The default plot of the file as a dataset; a file without one is refused, saying what was looked for."""
    with h5py.File(path, "r") as file:
        entry = _entry(file)
        data = _data_group(entry) if entry is not None else None
        if entry is None or data is None:
            raise DataFormatError(_nothing_to_plot(path, file))
        dataset = _from_data_group(data, path)
        dataset = _with_detector(dataset, entry)
        for group in _children(entry, "NXmonitor"):
            if _signal(group) is not None:
                dataset = dataset.merge(_monitor(group, path))
        dataset.attrs = {"data_group": str(data.name), **_single_values(entry)}
        return dataset


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _children(group: Any, kind: str) -> Iterator[Any]:
    for name in group:
        one = group.get(name)
        if isinstance(one, h5py.Group) and _text(one.attrs.get("NX_class", "")) == kind:
            yield one


def _default(group: Any) -> Any:
    name = _text(group.attrs.get("default", ""))
    one = group.get(name) if name else None
    return one if isinstance(one, h5py.Group) else None


def _entry(file: Any) -> Any:
    chosen = _default(file)
    if chosen is not None:
        return chosen
    return next(_children(file, "NXentry"), None)


def _data_group(entry: Any) -> Any:
    """The NXdata to show: by `default` however deep, else the first one with a signal."""
    step, depth = entry, 0
    while (following := _default(step)) is not None and depth < 8:
        step, depth = following, depth + 1
    if step is not entry and _signal(step) is not None:
        return step
    if _text(entry.attrs.get("NX_class", "")) == "NXdata" and _signal(entry) is not None:
        return entry
    return next((group for group in _children(entry, "NXdata") if _signal(group) is not None), None)


def _signal(group: Any) -> str | None:
    """Name of the group's signal: attribute of the group, or the old way, an attribute of the dataset."""
    named = group.attrs.get("signal")
    if named is not None:
        name = _text(named)
        return name if isinstance(group.get(name), h5py.Dataset) else None
    for name in group:
        one = group.get(name)
        if isinstance(one, h5py.Dataset) and _text(one.attrs.get("signal", "")) == "1":
            return str(name)
    return None


def _axes(group: Any, signal: Any) -> list[str]:
    """Names of the axes, one a dimension of the signal, "." where there is none."""
    named = group.attrs.get("axes", signal.attrs.get("axes"))
    if named is None:
        return ["."] * signal.ndim
    if isinstance(named, np.ndarray) and named.size > 1:
        names = [_text(one) for one in named.ravel()]
    else:
        names = [one.strip() for one in _text(named).strip("[]").replace(",", ":").split(":")]
    return (names + ["."] * signal.ndim)[: signal.ndim]


def _attrs(field: Any) -> dict[str, Any]:
    return {name: _text(field.attrs[name]) for name in ("units", "long_name") if name in field.attrs}


def _from_data_group(group: Any, path: Path, name: str | None = None, prefix: str = "") -> xarray.Dataset:
    signal_name = _signal(group)
    signal = group[signal_name]
    if not np.issubdtype(signal.dtype, np.number):
        raise DataFormatError(f"The signal '{signal.name}' of '{path.name}' is not made of numbers.")
    axes = _axes(group, signal)
    dims = [prefix + (axis if axis != "." else f"dim_{index}") for index, axis in enumerate(axes)]
    if len(set(dims)) != len(dims):
        raise DataFormatError(
            f"'{path.name}' names the same axis twice for '{signal.name}' ({', '.join(axes)}). Ask who wrote the file "
            "to correct the attribute 'axes'."
        )
    coords: dict[str, Any] = {}
    for dim, axis, length in zip(dims, axes, signal.shape, strict=True):
        field = group.get(axis) if axis != "." else None
        if isinstance(field, h5py.Dataset) and field.ndim == 1:
            values = field[()]
            if len(values) == length + 1:
                coords[f"{dim}_edges"] = (f"{dim}_edge", values, _attrs(field))
                values = (values[:-1] + values[1:]) / 2
            if len(values) == length:
                coords[dim] = (dim, values, _attrs(field))
    return xarray.Dataset({name or str(signal_name): (dims, signal[()], _attrs(signal))}, coords=coords)


def _monitor(group: Any, path: Path) -> xarray.Dataset:
    name = str(group.name).rsplit("/", 1)[-1]
    dataset = _from_data_group(group, path, name, prefix=f"{name}_")
    for field in ("distance", "nominal"):
        if isinstance(group.get(field), h5py.Dataset) and group[field].size == 1:
            dataset[name].attrs[field] = float(np.ravel(group[field][()])[0])
    return dataset


def _with_detector(dataset: xarray.Dataset, entry: Any) -> xarray.Dataset:
    """Add fields of the detector that have one value for each place along a dimension (distance, for example)."""
    lengths: dict[int, list[str]] = {}
    for dim, length in dataset.sizes.items():
        if not str(dim).endswith("_edge"):
            lengths.setdefault(int(length), []).append(str(dim))
    for instrument in _children(entry, "NXinstrument"):
        for detector in _children(instrument, "NXdetector"):
            for name, field in detector.items():
                if not isinstance(field, h5py.Dataset) or field.ndim != 1 or name in dataset.variables:
                    continue
                dims = lengths.get(field.shape[0], [])
                if len(dims) == 1 and field.shape[0] > 1 and np.issubdtype(field.dtype, np.number):
                    dataset = dataset.assign_coords({name: (dims[0], field[()], _attrs(field))})
    return dataset


def _single_values(entry: Any) -> dict[str, Any]:
    """Single values of the entry, its sample and its instrument as attributes `sample_temperature`, `.._units`."""
    found: dict[str, Any] = {}

    def collect(group: Any, prefix: str, depth: int) -> None:
        for name in group:
            one = group.get(name)
            if isinstance(one, h5py.Dataset) and one.size == 1:
                value = np.ravel(one[()])[0] if np.issubdtype(one.dtype, np.number) else _text(one[()])
                found[prefix + name] = value.item() if isinstance(value, np.generic) else value
                if "units" in one.attrs:
                    found[f"{prefix}{name}_units"] = _text(one.attrs["units"])
            elif isinstance(one, h5py.Group) and depth > 0:
                kind = _text(one.attrs.get("NX_class", ""))
                if kind not in ("NXdata", "NXmonitor", "NXlog", "NXevent_data"):
                    short = "" if kind == "NXinstrument" else f"{name}_"
                    collect(one, prefix + short, depth - 1)

    collect(entry, "", 2)
    return found


def _nothing_to_plot(path: Path, file: Any) -> str:
    groups = [str(name) for name in file]
    inside = f"It has {', '.join(groups[:8])}" if groups else "It is empty"
    return (
        f"'{path.name}' is an HDF5 file without a NeXus plot. Looked for: a group of class NXentry, in it one of class "
        f"NXdata with an attribute 'signal' that names a dataset. {inside}. Open it with h5py, or in the file browser "
        "with a double click, and pick the dataset by its path."
    )
