"""Preview pictures of data sets: one look that says what it is, drawn from the data itself.

Every preview is 1200 by 675 pixels. Images fill the picture on a dark ground; curves and maps have their axes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SIZE_INCHES, DPI = (12.0, 6.75), 100
GROUND, BLUE, BRICK, SAND, INK = "#0b1620", "#0b3c5d", "#a63d2f", "#f7f3ea", "#22313c"


def preview_png(dataset: xarray.Dataset) -> bytes:
    """A PNG picture of a dataset as a reader gave it (`attrs["format"]` says which one)."""
    draw = _DRAW.get(str(dataset.attrs.get("format")), _any)
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI)
    FigureCanvasAgg(figure)
    draw(figure, dataset)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=figure.get_facecolor(), metadata={"Software": "Kontor"})
    return out.getvalue()


def _image(axes: Any, values: np.ndarray) -> None:
    """Fill the axes, with the contrast stretched from the 1st to the 99.7th percentile."""
    low, high = np.percentile(values, (1, 99.7))
    axes.imshow(
        values, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), aspect="auto", origin="lower",
        interpolation="bicubic",
    )  # fmt: skip
    axes.set_axis_off()


def _mr(figure: Figure, dataset: xarray.Dataset) -> None:
    """Three planes through the middle, with equal millimetres."""
    figure.set_facecolor("black")
    volume = dataset["intensity"]
    for extra in volume.dims[3:]:
        volume = volume.isel({extra: 0})
    if volume.ndim < 3:
        return _any(figure, dataset)
    step = {dim: abs(float(volume[dim][1] - volume[dim][0])) if volume.sizes[dim] > 1 else 1.0 for dim in volume.dims}
    volume = _filled(volume)
    top = float(np.percentile(volume.values, 99.8))
    places = {"x": 0.46, "y": 0.5, "z": 0.53}  # near the middle: past the fissure, through the ventricles
    cuts = [("z", "x", "y"), ("x", "y", "z"), ("y", "x", "z")]
    for index, (cut, across, up) in enumerate(cuts):
        axes = figure.add_axes((0.015 + index * 0.327, 0.03, 0.315, 0.94))
        plane = volume.isel({cut: int(volume.sizes[cut] * places[cut])}).transpose(up, across).values
        axes.imshow(
            plane,
            cmap="gray",
            origin="lower",
            vmin=0,
            vmax=top,
            aspect=step[up] / step[across],
            interpolation="bicubic",
        )
        axes.set_axis_off()
    return None


def _filled(volume: xarray.DataArray) -> xarray.DataArray:
    """The volume without its empty margin."""
    seen = volume > float(volume.max()) * 0.08
    for dim in volume.dims:
        inside = np.flatnonzero(seen.any([other for other in volume.dims if other != dim]).values)
        if len(inside):
            volume = volume.isel({dim: slice(int(inside[0]), int(inside[-1]) + 1)})
            seen = seen.isel({dim: slice(int(inside[0]), int(inside[-1]) + 1)})
    return volume


def _micrograph(figure: Figure, dataset: xarray.Dataset) -> None:
    """The micrograph, averaged to the picture's size, slow background removed, with a scale bar."""
    figure.set_facecolor(GROUND)
    image = dataset["intensity"]
    while image.ndim > 2:
        image = image.isel({image.dims[0]: image.sizes[image.dims[0]] // 2})
    values = image.values.astype("float32")
    height = int(values.shape[1] * SIZE_INCHES[1] / SIZE_INCHES[0])
    start = max(0, (values.shape[0] - height) // 2)
    values = values[start : start + height]
    factor = max(1, values.shape[1] // 500)
    rows, columns = values.shape[0] // factor * factor, values.shape[1] // factor * factor
    small = values[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor).mean(axis=(1, 3))
    axes = figure.add_axes((0, 0, 1, 1))
    _image(axes, small)
    pixel = float(dataset.attrs.get("pixel_size_angstrom", 0)) * factor
    if pixel:
        nanometres = 50.0
        length, left, bottom = nanometres * 10 / pixel, small.shape[1] * 0.03, small.shape[0] * 0.05
        axes.plot([left, left + length], [bottom, bottom], color="white", linewidth=5, solid_capstyle="butt")
        axes.text(left, bottom * 1.35, f"{nanometres:.0f} nm", color="white", fontsize=17, weight="bold")


def _chart(figure: Figure, xlabel: str, ylabel: str) -> Any:
    figure.set_facecolor("white")
    axes = figure.add_axes((0.085, 0.12, 0.885, 0.82))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=13)
    axes.set_xlabel(xlabel, fontsize=15, color=INK)
    axes.set_ylabel(ylabel, fontsize=15, color=INK)
    return axes


def _chromatogram(figure: Figure, dataset: xarray.Dataset) -> None:
    """Total ion current of the survey scans over time."""
    survey = dataset["ms_level"] == dataset["ms_level"].min()
    minutes = dataset["retention_time"].values[survey.values]
    total = dataset["total_ion_current"].values[survey.values] / 1e6
    axes = _chart(figure, "retention time (minutes)", "total ion current (millions)")
    axes.fill_between(minutes, total, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(minutes, total, color=BLUE, linewidth=1.6)
    axes.set_xlim(minutes.min(), minutes.max())
    axes.set_ylim(0, total.max() * 1.06)


def _nexus(figure: Figure, dataset: xarray.Dataset) -> None:
    """The signal: a curve, or a map with a logarithmic scale if it counts."""
    name = next(iter(dataset.data_vars))
    signal = dataset[name]
    while signal.ndim > 2:
        signal = signal.sum(signal.dims[0], keep_attrs=True)
    values = signal.values.astype("float64")
    if signal.ndim < 2:
        axes = _chart(figure, _label(dataset, signal.dims[0]) if signal.ndim else "", _label(dataset, name))
        axes.plot(np.ravel(values), color=BLUE, linewidth=1.6)
        return
    axes = _chart(figure, _label(dataset, signal.dims[1]), _label(dataset, signal.dims[0]))
    shown = np.log10(np.clip(values, 0, None) + 1) if values.min() >= 0 else values
    low, high = np.percentile(shown, (2, 99.9))
    extent = [*_ends(dataset, signal.dims[1], signal.shape[1]), *_ends(dataset, signal.dims[0], signal.shape[0])]
    axes.imshow(shown, aspect="auto", origin="lower", cmap="magma", vmin=low, vmax=high, extent=extent)


def _ends(dataset: xarray.Dataset, dim: Any, length: int) -> tuple[float, float]:
    if dim in dataset.coords:
        return float(dataset[dim][0]), float(dataset[dim][-1])
    return 0.0, float(length)


def _label(dataset: xarray.Dataset, name: Any) -> str:
    attrs = dataset[name].attrs if name in dataset.variables else {}
    words = str(name).replace("_", " ")
    return f"{words} ({attrs['units']})" if attrs.get("units") else words


def _any(figure: Figure, dataset: xarray.Dataset) -> None:
    """Something to see of any dataset: its first variable."""
    _nexus(figure, dataset[[next(iter(dataset.data_vars))]])


_DRAW: dict[str, Callable[[Figure, xarray.Dataset], None]] = {
    "nifti": _mr,
    "mrc": _micrograph,
    "mzml": _chromatogram,
    "nexus": _nexus,
}
