"""Verifications that can be taken up again, and the history of a test."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('verifications', schema=None) as batch_op:
        batch_op.add_column(sa.Column('request', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('attempt', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('beat_at', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('stopping', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('verifications', schema=None) as batch_op:  # defaults were for the rows that were there
        for name in ('request', 'attempt', 'stopping'):
            batch_op.alter_column(name, server_default=None)
    with op.batch_alter_table('verification_tests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_verification_tests_name'), ['name'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('verification_tests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_verification_tests_name'))
    with op.batch_alter_table('verifications', schema=None) as batch_op:
        batch_op.drop_column('stopping')
        batch_op.drop_column('beat_at')
        batch_op.drop_column('attempt')
        batch_op.drop_column('request')
