"""The tables of pilots: the pilot, its members, and what is new in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kontor.database import Base, Moment

CLASSES: Final = ("open", "standard", "sensitive", "clinical")
STATES: Final = ("proposed", "approved", "active", "closing", "archived")
EVENT_KINDS: Final = ("pilot_started", "member_added", "member_left", "role_changed", "data_added", "workspace_opened")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class PilotRow(Base):
    """A collaboration with members, data, a workspace, a start and an end."""

    __tablename__ = "pilot"
    __table_args__ = (
        CheckConstraint(_one_of("class", CLASSES), name="class"),
        CheckConstraint(_one_of("state", STATES), name="state"),
    )

    slug: Mapped[str] = mapped_column(String(27), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    class_: Mapped[str] = mapped_column("class", String(12))
    state: Mapped[str] = mapped_column(String(12))
    technique: Mapped[str | None] = mapped_column(String(100))
    facility: Mapped[str | None] = mapped_column(String(100))
    notebook: Mapped[str | None] = mapped_column(String(100))
    starts: Mapped[date] = mapped_column(Date)
    ends: Mapped[date | None] = mapped_column(Date)


class MembershipRow(Base):
    """A person's role in a pilot, from `since` until `until` (None: no end is set)."""

    __tablename__ = "membership"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.name"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class EventRow(Base):
    """Something new in a pilot; rows are only ever added."""

    __tablename__ = "event"
    __table_args__ = (CheckConstraint(_one_of("kind", EVENT_KINDS), name="kind"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    moment: Mapped[datetime] = mapped_column(Moment, index=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), index=True)
    person: Mapped[str | None] = mapped_column(ForeignKey("person.name"))
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
