"""Runs the migrations in the transaction of the process that opens the store."""

from alembic import context

from rallycross.results.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter most of a table
    transactional_ddl=True,  # the caller owns the transaction; on SQLite DDL is part of it
)
with context.begin_transaction():
    context.run_migrations()
