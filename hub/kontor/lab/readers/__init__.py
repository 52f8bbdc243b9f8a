"""Readers: from a scientific file to an `xarray.Dataset`, one module per format.

A *format* has a name ("nifti"), a title for people ("NIfTI image") and the endings its files usually have.
What a file *is* is decided by its content (`kontor.lab.readers.content`), never by its name; a name that says
otherwise is refused, because one of the two is wrong.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kontor.errors import KontorError, NotFound
from kontor.lab.errors import DataFormatError
from kontor.lab.readers.content import content_format, content_title

if TYPE_CHECKING:
    import xarray

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Format:
    """A file format that Kontor reads; `module` has `read(path) -> xarray.Dataset`."""

    name: str
    title: str
    suffixes: tuple[str, ...]

    @property
    def reader(self) -> Callable[[Path], xarray.Dataset]:
        read: Callable[[Path], xarray.Dataset] = import_module(f"kontor.lab.readers.{self.name}").read
        return read


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("nifti", "NIfTI image", (".nii", ".nii.gz")),
        Format("mrc", "MRC image", (".mrc", ".mrcs", ".map", ".mrc.gz", ".map.gz", ".mrc.bz2", ".map.bz2")),
        Format("mzml", "mzML run", (".mzml", ".mzml.gz")),
        Format("nexus", "NeXus file (HDF5)", (".nxs", ".nx5", ".h5", ".hdf5", ".hdf")),
    )
}


def read(path: str | Path, format: str | None = None) -> xarray.Dataset:
    """Read a scientific file.

    Parameters
    ----------
    path : str or Path
        The file.
    format : str, optional
        Name of its format. Without it the format is found from the content, and a file whose ending promises
        another format is refused.

    Returns
    -------
    xarray.Dataset
        With named dimensions, coordinates and units; `attrs["format"]` is the format's name.

    Raises
    ------
    kontor.errors.NotFound
        There is no such file.
    DataFormatError
        The file is empty, cut short, damaged, or no such format. No other package's error comes out of here.
    """
    path = Path(path)
    chosen = _format_of(path, format)
    reader = chosen.reader
    try:
        dataset = reader(path)
    except (KontorError, MemoryError):
        raise
    except Exception as error:  # parsers of damaged files raise anything
        log.debug("%s as %s", path, chosen.name, exc_info=error)
        raise DataFormatError(
            f"'{path.name}' begins like {_article(chosen.title)} but cannot be read to its end: it is damaged or was "
            "cut short. Compare its size with the original and copy it again."
        ) from None
    dataset.attrs["format"] = chosen.name
    return dataset


def format_named(name: str) -> Format:
    """The format of that name; a KontorError with a suggestion for any other name."""
    if name in FORMATS:
        return FORMATS[name]
    close = difflib.get_close_matches(name, FORMATS, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Kontor reads {', '.join(FORMATS)}."
    raise KontorError(f"There is no file format '{name}'. {hint}")


def _format_of(path: Path, wanted: str | None) -> Format:
    expected = format_named(wanted) if wanted is not None else None
    if not path.exists():
        raise NotFound(f"There is no file '{path}'. Check the spelling and the folder.")
    if path.is_dir():
        raise DataFormatError(f"'{path}' is a folder. Name one file in it.")
    if path.stat().st_size == 0:
        raise DataFormatError(f"'{path.name}' is empty. Copy it again from where it came.")
    found = content_format(path)
    if found is None:
        known = ", ".join(one.title for one in FORMATS.values())
        raise DataFormatError(
            f"'{path.name}' is {content_title(path)}, not {_article(expected.title) if expected else 'a format'} "
            f"{'as was said' if expected else 'that Kontor reads'}. Kontor reads: {known}."
        )
    actual = FORMATS[found]
    expected = expected or _promised(path)
    if expected is not None and expected is not actual:
        said = "was opened as" if wanted else "is named like"
        raise DataFormatError(
            f"'{path.name}' {said} {_article(expected.title)}, but its content is {_article(actual.title)}. "
            f"If that is right, open it with format='{actual.name}'; if not, get the file again."
        )
    return actual


def _promised(path: Path) -> Format | None:
    name = path.name.lower()
    return next((one for one in FORMATS.values() if name.endswith(one.suffixes)), None)


def _article(title: str) -> str:
    return f"an {title}" if title.startswith(("MRC", "mzML")) else f"a {title}"
