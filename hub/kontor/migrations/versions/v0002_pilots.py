"""The pilot as one object: life cycle, partners, invitations, shared documents, usage; and the audit log.

The lines of "what is new" become the first entries of the audit log; their table goes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

from kontor.audit.trail import FIRST, chained
from kontor.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = "'proposed', 'declined', 'withdrawn', 'approved', 'active', 'closing', 'archived'"
_SAME = {"pilot_started", "member_left", "workspace_opened"}


def upgrade() -> None:
    _extend_pilot()
    _extend_membership()
    _make_tables()
    _make_audit()
    _move_events()
    _lock_audit()


def _extend_pilot() -> None:
    op.add_column("pilot", sa.Column("number", sa.Integer(), nullable=True))
    op.execute("UPDATE pilot SET number = (SELECT count(*) FROM pilot AS earlier WHERE earlier.slug <= pilot.slug)")
    added: list[sa.Column[Any]] = [
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("data_wanted", sa.Text(), nullable=False, server_default=""),
        sa.Column("agreement", sa.String(length=200), nullable=True),
        sa.Column("agreement_ends", sa.Date(), nullable=True),
        sa.Column("credits", sa.Double(), nullable=False, server_default="2000"),
        sa.Column("grace_until", Moment(), nullable=True),
        sa.Column("grace_extended", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("proposed_by", sa.String(length=25), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed", Moment(), nullable=False, server_default="2026-01-01 00:00:00"),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("archived_on", sa.Date(), nullable=True),
        sa.Column("deletion_asked", Moment(), nullable=True),
        sa.Column("data_deleted", Moment(), nullable=True),
    ]
    for column in added:
        op.add_column("pilot", column)
    with op.batch_alter_table("pilot") as batch:
        batch.alter_column("number", existing_type=sa.Integer(), nullable=False)
        for column in added:
            if column.server_default is not None:
                batch.alter_column(column.name, existing_type=column.type, server_default=None)
        batch.drop_constraint("ck_pilot_state", type_="check")
        batch.create_check_constraint("ck_pilot_state", f"state IN ({_STATES})")
        batch.create_unique_constraint("uq_pilot_number", ["number"])
        batch.create_foreign_key("fk_pilot_proposed_by_person", "person", ["proposed_by"], ["name"])


def _extend_membership() -> None:
    op.add_column("membership", sa.Column("sponsor", sa.String(length=25), nullable=True))
    op.add_column("membership", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("membership", sa.Column("end_told", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("membership") as batch:
        batch.alter_column("version", existing_type=sa.Integer(), server_default=None)
        batch.alter_column("end_told", existing_type=sa.Boolean(), server_default=None)
        batch.create_foreign_key("fk_membership_sponsor_person", "person", ["sponsor"], ["name"])


def _make_tables() -> None:
    op.create_table(
        "pilot_partner",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_pilot_partner_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", "partner", name="pk_pilot_partner"),
    )
    op.create_table(
        "granted",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("person", sa.String(length=25), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_granted_pilot_pilot"),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name="fk_granted_person_person"),
        sa.PrimaryKeyConstraint("pilot", "person", name="pk_granted"),
    )
    op.create_table(
        "doors",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("clusters_since", Moment(), nullable=True),
        sa.Column("closing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_doors_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", name="pk_doors"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=25), nullable=False),
        sa.Column("made", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("member_until", Moment(), nullable=True),
        sa.Column("accepted_by", sa.String(length=25), nullable=True),
        sa.Column("accepted", Moment(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("settled", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_invitation_pilot_pilot"),
        sa.ForeignKeyConstraint(["made_by"], ["person.name"], name="fk_invitation_made_by_person"),
        sa.ForeignKeyConstraint(["accepted_by"], ["person.name"], name="fk_invitation_accepted_by_person"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("token_hash", name="uq_invitation_token_hash"),
    )
    op.create_index("ix_invitation_pilot", "invitation", ["pilot"])
    op.create_index("ix_invitation_accepted_by", "invitation", ["accepted_by"])
    op.create_table(
        "share",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=25), nullable=False),
        sa.Column("made", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("revoked", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_share_pilot_pilot"),
        sa.ForeignKeyConstraint(["made_by"], ["person.name"], name="fk_share_made_by_person"),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        sa.UniqueConstraint("token_hash", name="uq_share_token_hash"),
    )
    op.create_index("ix_share_pilot", "share", ["pilot"])
    op.create_table(
        "share_use",
        sa.Column("share", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=25), nullable=False),
        sa.Column("first", Moment(), nullable=False),
        sa.Column("last", Moment(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["share"], ["share.id"], name="fk_share_use_share_share"),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name="fk_share_use_person_person"),
        sa.PrimaryKeyConstraint("share", "person", name="pk_share_use"),
    )
    op.create_table(
        "usage",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("hour", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("person", sa.String(length=25), nullable=False),
        sa.Column("core_seconds", sa.Double(), nullable=False),
        sa.Column("memory_gb_seconds", sa.Double(), nullable=False),
        sa.Column("storage_gb_seconds", sa.Double(), nullable=False),
        sa.Column("credits", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('workspace', 'cluster', 'storage')", name="ck_usage_kind"),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_usage_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", "hour", "kind", "person", name="pk_usage"),
    )
    op.create_table(
        "budget",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("used", sa.Double(), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_budget_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", name="pk_budget"),
    )
    op.create_table(
        "meter",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("counted", Moment(), nullable=False),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meter"),
    )


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("moment", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("pilot", sa.String(length=27), nullable=True),
        sa.Column("person", sa.String(length=25), nullable=True),
        sa.Column("dataset", sa.String(length=60), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    for column in ("moment", "actor", "person", "dataset"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    op.create_index("ix_audit_pilot_number", "audit", ["pilot", "number"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )


def _move_events() -> None:
    """Each line of the old table as an entry. Its sentence goes, because it has a name in it; what it said is kept."""
    connection = op.get_bind()
    audit = sa.table("audit", sa.column("moment", Moment()), *(sa.column(name) for name in _COLUMNS))
    kept = ("number", "pilot", "person", "kind", "text")
    event = sa.table("event", sa.column("moment", Moment()), *(sa.column(name) for name in kept))
    number, previous = 0, FIRST
    for line in connection.execute(sa.select(event).order_by(event.c.number)).mappings().all():
        number += 1
        entry = {
            "number": number,
            "moment": line["moment"],
            "actor": line["person"] if line["kind"] in _SAME and line["person"] else "kontor",
            "action": line["kind"],
            "pilot": line["pilot"],
            "person": line["person"],
            "dataset": None,
            "details": _details(line["kind"], line["text"]),
            "previous": previous,
        }
        previous = chained(**entry)
        connection.execute(sa.insert(audit).values(**entry, hash=previous))
    head = sa.table("audit_head", sa.column("id"), sa.column("number"), sa.column("hash"))
    connection.execute(sa.insert(head).values(id=1, number=number, hash=previous))
    op.drop_table("event")


_COLUMNS = ("number", "actor", "action", "pilot", "person", "dataset", "details", "previous", "hash")


_SAID = {
    "data_added": re.compile(r"\ANew data: (?P<title>.*)\.\Z", re.DOTALL),
    "member_added": re.compile(r" joined as (?P<role>[a-z]+)\.\Z"),
    "role_changed": re.compile(r" is now (?P<role>[a-z]+)\.\Z"),
}


def _details(kind: str, text: str) -> str:
    found = _SAID[kind].search(text) if kind in _SAID else None
    details = found.groupdict() if found else {}
    return json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _lock_audit() -> None:
    """Nobody changes or deletes an entry, whatever program they use."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            )
        # INSERT OR REPLACE deletes without asking the trigger for DELETE
        op.execute(
            "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
            "WHEN EXISTS (SELECT 1 FROM audit WHERE number >= NEW.number) "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def downgrade() -> None:
    raise NotImplementedError("The audit log cannot be taken out again; restore a backup instead.")
