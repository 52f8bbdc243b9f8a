"""`kontor.open_dataset`: from a data set's name, or a file, to a labelled array."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray

from kontor.errors import KontorError, Unavailable
from kontor.lab import catalogue
from kontor.names import check_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    Chunks = Mapping[str, int] | int | str | None

PROVENANCE = ("title", "technique", "origin", "licence", "facility", "sha256", "note")


def open_dataset(name_or_path: str | Path, *, chunks: Chunks = "stored") -> xarray.Dataset:
    """Open a data set of a pilot, or a file.

    Nothing is loaded yet: values are fetched when they are computed or drawn, piece by piece, and on a Dask cluster
    each worker fetches its own pieces.

    Parameters
    ----------
    name_or_path : str or Path
        ``"knee-mr/brain-mr"`` for the data set *brain-mr* of the pilot *knee-mr*; in a workspace ``"brain-mr"`` is
        enough. Or the path of a NIfTI, MRC, mzML or NeXus file; one that begins with ``/``, ``./``, ``../`` or ``~``
        or is a `Path` is always a file.
    chunks : "stored", "auto", int, mapping or None, optional
        How the values are cut into tasks: as they are stored (the default), automatically, or in pieces of a given
        length by dimension. None opens without Dask.

    Returns
    -------
    xarray.Dataset
        Labelled with dimensions, coordinates and units. Its attributes say where it is from: ``data_set`` (its name),
        ``title``, ``origin``, ``facility``, ``licence`` and ``sha256`` (the checksum of the facility's file).

    Raises
    ------
    KontorError
        With a sentence that says what to do: no such data set or file, no member of the pilot, no such format, the
        service does not answer.

    Examples
    --------
    >>> import kontor
    >>> brain = kontor.open_dataset("knee-mr/brain-mr")     # doctest: +SKIP
    >>> brain.intensity.sel(z=20, method="nearest").plot()  # doctest: +SKIP
    """
    if not isinstance(name_or_path, str | Path):
        raise KontorError(
            f"open_dataset({name_or_path!r}) is not possible. Give the name of a data set, for example "
            "'knee-mr/brain-mr', or the path of a file."
        )
    path = _as_path(name_or_path)
    if path is not None:
        return _from_file(path, chunks)
    pilot, name = _split(str(name_or_path))
    record = catalogue.dataset_record(pilot, name)
    return _from_store(record, chunks)


def _as_path(given: str | Path) -> Path | None:
    if isinstance(given, Path):
        return given.expanduser()
    if given.startswith(("/", "./", "../", "~")) or "." in given.rsplit("/", 1)[-1]:
        return Path(given).expanduser()
    return None


def _split(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) == 1:
        pilot = os.environ.get("KONTOR_PILOT", "")
        if not pilot:
            raise KontorError(
                f"Which pilot has the data set '{name}'? In your own lab write both, for example 'knee-mr/brain-mr'."
            )
        parts = [pilot, name]
    if len(parts) != 2:
        raise KontorError(f"'{name}' is not a data set's name. Write pilot/data set, for example 'knee-mr/brain-mr'.")
    return check_slug(parts[0], "pilot"), check_slug(parts[1], "data set")


def _from_file(path: Path, chunks: Chunks) -> xarray.Dataset:
    from kontor.lab.readers import read

    dataset = read(path)
    dataset.attrs["origin"] = f"file {path.name}"
    return dataset if chunks is None else dataset.chunk("auto" if chunks == "stored" else _mapping(chunks))


def _from_store(record: dict[str, Any], chunks: Chunks) -> xarray.Dataset:
    from kontor.lab.store import PilotStore

    if not record.get("zarr"):
        raise KontorError(
            f"The data set '{record['id']}' is kept only as the original file ({record['object']}) and has not been "
            "prepared for analysis. Ask the pilot's lead."
        )
    store = PilotStore(record["pilot"], record["zarr"])
    try:
        dataset = xarray.open_zarr(store, chunks={} if chunks == "stored" else _mapping(chunks), consolidated=True)
    except KontorError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(record, error) from None
    provenance = {key: record[key] for key in PROVENANCE if record.get(key)}
    return dataset.assign_attrs(data_set=record["id"], **provenance)


def _unreadable(record: dict[str, Any], error: Exception) -> KontorError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KontorError):
            return cause
        cause = cause.__cause__ or cause.__context__
    said = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return Unavailable(
        f"The data set '{record['id']}' is registered, but the object store did not give it. Try again in a minute; if "
        f"it stays so, tell who runs Kontor. (The store said: {said})"
    )


def _mapping(chunks: Chunks) -> Any:
    if chunks is None or isinstance(chunks, int) or chunks == "auto":
        return chunks
    if isinstance(chunks, str):
        raise KontorError(f"chunks={chunks!r} is not known. Use 'stored', 'auto', None or lengths by dimension.")
    return dict(chunks)
