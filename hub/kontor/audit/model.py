"""The tables of the audit log. Triggers refuse to change or delete an entry (see the migration)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kontor.database import Base, Moment


class EntryRow(Base):
    """Something that happened. `hash` covers every column but itself, and `previous` is the hash of the entry before.

    There are no foreign keys: an entry outlives what it tells of.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_pilot_number", "pilot", "number"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    moment: Mapped[datetime] = mapped_column(Moment, index=True)
    actor: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(40))
    pilot: Mapped[str | None] = mapped_column(String(27))
    person: Mapped[str | None] = mapped_column(String(25), index=True)
    dataset: Mapped[str | None] = mapped_column(String(60), index=True)
    details: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class HeadRow(Base):
    """The last entry's number and hash, one row; whoever writes holds it until their transaction ends."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
