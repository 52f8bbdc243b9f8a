"""The tables of pilots: the pilot, its partners, its members, invitations, shared documents and what it used."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kontor.database import Base, Moment

CLASSES: Final = ("open", "standard", "sensitive", "clinical")
STATES: Final = ("proposed", "declined", "withdrawn", "approved", "active", "closing", "archived")
USAGE_KINDS: Final = ("workspace", "cluster", "storage")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class PilotRow(Base):
    """A collaboration with members, data, a workspace, a start and an end.

    `version` counts the changes of this row: who changes it says which one they read. `number` is small and never
    used again; the rights of the pilot's folder are made from it.
    """

    __tablename__ = "pilot"
    __table_args__ = (
        CheckConstraint(_one_of("class", CLASSES), name="class"),
        CheckConstraint(_one_of("state", STATES), name="state"),
    )

    slug: Mapped[str] = mapped_column(String(27), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    class_: Mapped[str] = mapped_column("class", String(12))
    state: Mapped[str] = mapped_column(String(12))
    technique: Mapped[str | None] = mapped_column(String(100))
    facility: Mapped[str | None] = mapped_column(String(100))
    notebook: Mapped[str | None] = mapped_column(String(100))
    data_wanted: Mapped[str] = mapped_column(Text)
    agreement: Mapped[str | None] = mapped_column(String(200))
    agreement_ends: Mapped[date | None] = mapped_column(Date)
    credits: Mapped[float]
    grace_until: Mapped[datetime | None] = mapped_column(Moment)
    grace_extended: Mapped[bool]
    proposed_by: Mapped[str | None] = mapped_column(ForeignKey("person.name"))
    reason: Mapped[str | None] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)
    starts: Mapped[date] = mapped_column(Date)
    ends: Mapped[date | None] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)
    archived_on: Mapped[date | None] = mapped_column(Date)
    deletion_asked: Mapped[datetime | None] = mapped_column(Moment)
    data_deleted: Mapped[datetime | None] = mapped_column(Moment)


class PilotPartnerRow(Base):
    """An organisation that takes part in a pilot: a partner of the table, or another one with a name of its own."""

    __tablename__ = "pilot_partner"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    partner: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(120))
    sector: Mapped[str | None] = mapped_column(String(20))
    country: Mapped[str | None] = mapped_column(String(2))


class MembershipRow(Base):
    """A person's role in a pilot, from `since` until `until` (None: no end). Guests have a sponsor and an end."""

    __tablename__ = "membership"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.name"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    sponsor: Mapped[str | None] = mapped_column(ForeignKey("person.name"))
    version: Mapped[int]
    end_told: Mapped[bool]


class GrantedRow(Base):
    """What the reconciler has given a person in a pilot and has not yet taken away again (see `granted`)."""

    __tablename__ = "granted"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.name"), primary_key=True)
    level: Mapped[str] = mapped_column(String(4))


class DoorsRow(Base):
    """What ends all at once when somebody loses access: store keys by number, clusters by the moment they started.

    `closing` is set while the workspace has to stop and has not yet: its token fetches no keys then.
    """

    __tablename__ = "doors"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    generation: Mapped[int]
    clusters_since: Mapped[datetime | None] = mapped_column(Moment)
    closing: Mapped[bool]


class InvitationRow(Base):
    """A link that lets one person ask to join. The token itself is never stored."""

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(ForeignKey("person.name"))
    made: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)
    member_until: Mapped[datetime | None] = mapped_column(Moment)
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("person.name"), index=True)
    accepted: Mapped[datetime | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(12))
    settled: Mapped[datetime | None] = mapped_column(Moment)


class ShareRow(Base):
    """A link to one document of a pilot. The token itself is never stored."""

    __tablename__ = "share"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), index=True)
    path: Mapped[str] = mapped_column(String(1024))
    role: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(ForeignKey("person.name"))
    made: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)
    revoked: Mapped[datetime | None] = mapped_column(Moment)


class ShareUseRow(Base):
    """Who used a link, since when and how often."""

    __tablename__ = "share_use"

    share: Mapped[str] = mapped_column(ForeignKey("share.id"), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.name"), primary_key=True)
    first: Mapped[datetime] = mapped_column(Moment)
    last: Mapped[datetime] = mapped_column(Moment)
    times: Mapped[int]


class UsageRow(Base):
    """What a pilot used in one hour of the clock, by kind and person ('' where it was nobody in particular)."""

    __tablename__ = "usage"
    __table_args__ = (CheckConstraint(_one_of("kind", USAGE_KINDS), name="kind"),)

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    person: Mapped[str] = mapped_column(String(25), primary_key=True)
    core_seconds: Mapped[float]
    memory_gb_seconds: Mapped[float]
    storage_gb_seconds: Mapped[float]
    credits: Mapped[float]


class BudgetRow(Base):
    """How much of a pilot's budget is used, and the stage of it that people were told last.

    `used` is the sum of the pilot's `usage.credits`; both are written in one transaction.
    """

    __tablename__ = "budget"

    pilot: Mapped[str] = mapped_column(ForeignKey("pilot.slug"), primary_key=True)
    used: Mapped[float]
    stage: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime] = mapped_column(Moment)


class MeterRow(Base):
    """Until when use has been counted, and what the counters showed then (JSON). One row for each meter."""

    __tablename__ = "meter"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    counted: Mapped[datetime] = mapped_column(Moment)
    counters: Mapped[str] = mapped_column(Text)
