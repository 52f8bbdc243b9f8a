"""The first tables: people, pilots, what is new in them, data sets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kontor.database import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("name", sa.String(length=25), nullable=False),
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_person"),
        sa.UniqueConstraint("issuer", "subject", name="uq_person_issuer"),
    )
    op.create_table(
        "pilot",
        sa.Column("slug", sa.String(length=27), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("technique", sa.String(length=100), nullable=True),
        sa.Column("facility", sa.String(length=100), nullable=True),
        sa.Column("notebook", sa.String(length=100), nullable=True),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("class IN ('open', 'standard', 'sensitive', 'clinical')", name="ck_pilot_class"),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'active', 'closing', 'archived')", name="ck_pilot_state"),
        sa.PrimaryKeyConstraint("slug", name="pk_pilot"),
    )
    op.create_table(
        "data_set",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("name", sa.String(length=27), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("technique", sa.String(length=100), nullable=False),
        sa.Column("format", sa.String(length=60), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.Column("facility", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("object", sa.String(length=1024), nullable=False),
        sa.Column("zarr", sa.String(length=1024), nullable=True),
        sa.Column("preview", sa.String(length=1024), nullable=True),
        sa.Column("registered", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_data_set_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", "name", name="pk_data_set"),
    )
    op.create_table(
        "event",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("moment", Moment(), nullable=False),
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("person", sa.String(length=25), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('pilot_started', 'member_added', 'member_left', 'role_changed', "
            "'data_added', 'workspace_opened')",
            name="ck_event_kind",
        ),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name="fk_event_person_person"),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_event_pilot_pilot"),
        sa.PrimaryKeyConstraint("number", name="pk_event"),
    )
    op.create_index("ix_event_moment", "event", ["moment"])
    op.create_index("ix_event_pilot", "event", ["pilot"])
    op.create_table(
        "membership",
        sa.Column("pilot", sa.String(length=27), nullable=False),
        sa.Column("person", sa.String(length=25), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name="fk_membership_person_person"),
        sa.ForeignKeyConstraint(["pilot"], ["pilot.slug"], name="fk_membership_pilot_pilot"),
        sa.PrimaryKeyConstraint("pilot", "person", name="pk_membership"),
    )
    op.create_index("ix_membership_person", "membership", ["person"])


def downgrade() -> None:
    for table in ("membership", "event", "data_set", "pilot", "person"):
        op.drop_table(table)
