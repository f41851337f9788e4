"""How Alembic runs here: on the connection `store.migrate` hands over, never from a configuration file."""

from __future__ import annotations

from alembic import context

from orderbell.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
