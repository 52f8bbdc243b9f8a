"""Alembic's entry: compares and migrates the tables of all domains on the engine it is given."""

from __future__ import annotations

from alembic import context

import kontor.audit.model
import kontor.data.model
import kontor.people.model
import kontor.pilots.model  # noqa: F401
from kontor.database import Base

with context.config.attributes["engine"].connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # tables are made anew there to change them, while others refer to them; cannot be set in a transaction
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        assert not broken, f"the migration broke references: {broken}"
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
