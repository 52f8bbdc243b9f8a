"""The register of data sets: what belongs to which pilot, where it is from and under which licence.

A *data set* is one measurement or sample, kept as the facility's own file (`object`) and, once it is indexed, as
chunks that many workers can read at once (`zarr`). It never changes in place: other bytes are another data set.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from kontor.audit import trail
from kontor.audit.actions import SYSTEM
from kontor.data.model import DataSetRow
from kontor.database import now as this_moment
from kontor.errors import Conflict, NotFound
from kontor.names import check_slug
from kontor.pilots import store
from kontor.words import _

_Line = Annotated[str, Field(min_length=1, max_length=200)]
_Key = Annotated[str, Field(pattern=r"^raw/[^\s]+$", max_length=1024)]


class DataSet(BaseModel):
    """One entry of the register. `object`, `zarr` and `preview` are keys in the object store, below `raw/<pilot>/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pilot: str
    name: str
    title: _Line
    technique: _Line
    format: Annotated[str, Field(min_length=1, max_length=60)]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    origin: Annotated[str, Field(min_length=1, max_length=2000)]
    licence: _Line
    facility: Annotated[str | None, Field(max_length=200)] = None
    note: Annotated[str, Field(max_length=4000)] = ""
    object: _Key
    zarr: _Key | None = None
    preview: _Key | None = None

    @field_validator("name")
    @classmethod
    def _is_slug(cls, value: str) -> str:
        try:
            return check_slug(value, "data set")
        except Exception as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _in_its_own_place(self) -> DataSet:
        for key in (self.object, self.zarr, self.preview):
            if key is not None and not key.startswith(f"raw/{self.pilot}/"):
                raise ValueError(f"the object {key!r} is not below raw/{self.pilot}/")
        return self

    @property
    def id(self) -> str:
        """What people write: ``<pilot>/<name>``."""
        return f"{self.pilot}/{self.name}"


def register(session: Session, record: DataSet, *, now: datetime | None = None) -> DataSet:
    """Enter a data set; entering it again with the same bytes brings its words up to date.

    Raises
    ------
    NotFound
        If there is no such pilot.
    Conflict
        If the name is taken by other bytes.
    """
    if store.get(session, record.pilot) is None:
        raise NotFound(_("There is no pilot {slug!r}.").format(slug=record.pilot), code="no_such_pilot")
    row = session.get(DataSetRow, (record.pilot, record.name))
    if row is not None and row.sha256 != record.sha256:
        raise Conflict(
            _("The name {name!r} is taken by other data. Data sets are not changed in place; use another name.").format(
                name=record.id
            ),
            code="name_taken",
        )
    if row is None:
        session.add(DataSetRow(**record.model_dump(), registered=now or this_moment()))
        session.flush()
        trail.record(
            session, "data_added", actor=SYSTEM, pilot=record.pilot, dataset=record.id, now=now, title=record.title
        )
    else:
        for key, value in record.model_dump().items():
            setattr(row, key, value)
        session.flush()
    return record


def datasets_of(session: Session, pilot: str) -> list[DataSet]:
    """A pilot's data sets, by name."""
    rows = session.scalars(select(DataSetRow).where(DataSetRow.pilot == pilot).order_by(DataSetRow.name))
    return [_record(row) for row in rows]


def get(session: Session, pilot: str, name: str) -> DataSet | None:
    """One data set, or None."""
    row = session.get(DataSetRow, (pilot, name))
    return None if row is None else _record(row)


def _record(row: DataSetRow) -> DataSet:
    return DataSet(**{field: getattr(row, field) for field in DataSet.model_fields})
