"""Why a task was told to stop."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stop_reason', sa.Text(), nullable=False, server_default=''))
    with op.batch_alter_table('tasks', schema=None) as batch_op:  # the default was for the rows that were there
        batch_op.alter_column('stop_reason', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.drop_column('stop_reason')
