"""Timing, hooks, parallel subtasks, the load generator's own state, imported tasks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Defaults are for the rows that are there; new ones get theirs from the models.
_NEW: dict[str, list[tuple[str, Any, Any]]] = {
    "tasks": [("timing", sa.String(length=16), "intended"), ("origin", sa.Text(), "")],
    "subtasks": [("run_in_parallel", sa.Boolean(), sa.false())],
    "workloads": [
        ("hooks", sa.JSON(), "[]"),
        ("load_began_at", sa.Double(), None),
        ("generator", sa.JSON(), "{}"),
        ("hook_results", sa.JSON(), "[]"),
    ],
}


def upgrade() -> None:
    for table, columns in _NEW.items():
        with op.batch_alter_table(table) as batch:
            for name, kind, default in columns:
                batch.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        with op.batch_alter_table(table) as batch:
            for name, _, default in columns:
                if default is not None:
                    batch.alter_column(name, server_default=None)


def downgrade() -> None:
    for table, columns in _NEW.items():
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)
