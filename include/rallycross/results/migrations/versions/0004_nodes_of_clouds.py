"""The servers of a cloud, for hooks that break something on them."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('clouds', schema=None) as batch_op:
        batch_op.add_column(sa.Column('nodes', sa.JSON(), nullable=False, server_default='[]'))
    with op.batch_alter_table('clouds', schema=None) as batch_op:  # the default was for the rows that were there
        batch_op.alter_column('nodes', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('clouds', schema=None) as batch_op:
        batch_op.drop_column('nodes')
