"""mzML runs (mass spectrometry), packed or not.

Dimension `scan` has what was noted for each scan. The map `intensity(minute, mz)` adds up the survey scans (the
lowest level of the run, usually MS1) in bins of equal width, so that a mass range or a moment can be cut out at once.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from kontor.lab.errors import DataFormatError

with warnings.catch_warnings():  # it recommends a faster decoder for a packing that is rarely met
    warnings.simplefilter("ignore", ImportWarning)
    import pymzml.run

BIN_WIDTH = 0.05  # Da
MOST_BINS = 40_000


@dataclass
class _Scans:
    """What is kept of each scan while the file is read once."""

    number: list[int] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    peaks: list[np.ndarray] = field(default_factory=list)
    precursor: list[float] = field(default_factory=list)

    def add(self, spectrum: Any) -> None:
        peaks = np.asarray(spectrum.peaks("raw"), dtype="float64").reshape(-1, 2)
        level = int(spectrum.ms_level or 0)
        chosen = spectrum.selected_precursors if level > 1 else []
        self.number.append(spectrum.ID if isinstance(spectrum.ID, int) else len(self.number) + 1)
        self.minutes.append(float(spectrum.scan_time_in_minutes()))
        self.level.append(level)
        self.peaks.append(peaks)
        self.precursor.append(float(chosen[0].get("mz", np.nan)) if chosen else np.nan)


def read(path: Path) -> xarray.Dataset:
    """The run: `retention_time`, `total_ion_current`, `base_peak_mz`, ... by scan, and the map `intensity`."""
    scans, info = _read_scans(path)
    if not scans.number:
        raise DataFormatError(f"'{path.name}' is an mzML run without a single spectrum. There is nothing to open.")
    promised = info.get("spectrum_count")
    if promised and len(scans.number) != promised:
        raise DataFormatError(
            f"'{path.name}' says it has {promised} spectra, but {len(scans.number)} could be read: it is damaged or "
            "was cut short. Copy it again from where it came."
        )
    dataset = _by_scan(scans).merge(_map(scans))
    dataset.attrs = {
        "instrument": str(info.get("instrument_name") or ""),
        "start_time": str(info.get("start_time") or ""),
        "spectra": len(scans.number),
    }
    return dataset


def _read_scans(path: Path) -> tuple[_Scans, dict[str, Any]]:
    scans = _Scans()
    logging.getLogger("pymzml").setLevel(logging.ERROR)
    with _rightly_named(path) as named:
        run = pymzml.run.Reader(str(named))
        try:
            for spectrum in run:
                scans.add(spectrum)
            return scans, dict(run.info)
        finally:
            run.close()


@contextmanager
def _rightly_named(path: Path) -> Iterator[Path]:
    """The file under a name that says whether it is packed: pymzml goes by the name, we by the content."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if packed == path.name.endswith(".gz"):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / ("run.mzML.gz" if packed else "run.mzML")
        link.symlink_to(path.resolve())
        yield link


def _by_scan(scans: _Scans) -> xarray.Dataset:
    strongest = [peaks[peaks[:, 1].argmax()] if len(peaks) else np.array([np.nan, 0.0]) for peaks in scans.peaks]
    base = np.array(strongest)
    total = np.array([peaks[:, 1].sum() for peaks in scans.peaks])
    return xarray.Dataset(
        {
            "retention_time": ("scan", np.array(scans.minutes), {"units": "minute", "long_name": "retention time"}),
            "total_ion_current": ("scan", total, {"units": "counts", "long_name": "sum of all peaks of the scan"}),
            "base_peak_mz": ("scan", base[:, 0], {"units": "m/z", "long_name": "strongest peak"}),
            "base_peak_intensity": ("scan", base[:, 1], {"units": "counts", "long_name": "strongest peak's height"}),
            "ms_level": ("scan", np.array(scans.level, dtype="int8"), {"long_name": "1: survey, 2: fragments"}),
            "precursor_mz": ("scan", np.array(scans.precursor), {"units": "m/z", "long_name": "ion that was broken"}),
        },
        coords={"scan": ("scan", np.array(scans.number), {"long_name": "scan number"})},
    )


def _map(scans: _Scans) -> xarray.Dataset:
    level = np.array(scans.level)
    survey = [index for index in np.flatnonzero(level == level.min()) if len(scans.peaks[index])]
    if not survey:
        return xarray.Dataset()
    everything = np.concatenate([scans.peaks[index][:, 0] for index in survey])
    low, high = np.floor(everything.min()), np.ceil(everything.max() + 1e-9)
    width = max(BIN_WIDTH, (high - low) / MOST_BINS)
    count = max(1, round((high - low) / width))
    edges = np.linspace(low, high, count + 1)
    image = np.zeros((len(survey), count), dtype="float32")
    for row, index in enumerate(survey):
        peaks = scans.peaks[index]
        image[row] = np.histogram(peaks[:, 0], bins=edges, weights=peaks[:, 1])[0]
    minutes = np.array(scans.minutes)[survey]
    return xarray.Dataset(
        {"intensity": (("minute", "mz"), image, {"units": "counts", "long_name": "intensity of the survey scans"})},
        coords={
            "minute": ("minute", minutes, {"units": "minute", "long_name": "retention time"}),
            "mz": ("mz", (edges[:-1] + edges[1:]) / 2, {"units": "m/z", "long_name": "mass to charge ratio"}),
        },
    )
