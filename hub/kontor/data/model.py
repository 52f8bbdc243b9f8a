"""The table of data sets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kontor.database import Base, Moment


class DataSetRow(Base):
    """A data set registered to a pilot; `object`, `zarr` and `preview` are keys in the object store."""

    __tablename__ = "data_set"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    name: Mapped[str] = mapped_column(String(27), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    technique: Mapped[str] = mapped_column(String(100))
    format: Mapped[str] = mapped_column(String(60))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(String(200))
    facility: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)
    object: Mapped[str] = mapped_column(String(1024))
    zarr: Mapped[str | None] = mapped_column(String(1024))
    preview: Mapped[str | None] = mapped_column(String(1024))
    registered: Mapped[datetime] = mapped_column(Moment)
