"""The changes that were found in the histories of recipes."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('changes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('cloud', sa.String(length=255), nullable=False),
    sa.Column('recipe', sa.Text(), nullable=False),
    sa.Column('series', sa.String(length=64), nullable=False),
    sa.Column('scenario', sa.String(length=255), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('depth', sa.Integer(), nullable=False),
    sa.Column('figure', sa.String(length=64), nullable=False),
    sa.Column('worse', sa.Boolean(), nullable=False),
    sa.Column('size', sa.Double(), nullable=False),
    sa.Column('low', sa.Double(), nullable=False),
    sa.Column('high', sa.Double(), nullable=False),
    sa.Column('runs', sa.Integer(), nullable=False),
    sa.Column('first_task', sa.String(length=36), nullable=False),
    sa.Column('began_at', sa.Double(), nullable=False),
    sa.Column('found_task', sa.String(length=36), nullable=False),
    sa.Column('found_at', sa.Double(), nullable=False),
    sa.Column('environment', sa.JSON(), nullable=False),
    sa.Column('acknowledged_at', sa.Double(), nullable=True),
    sa.Column('acknowledged_by', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('notified_at', sa.Double(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_changes')),
    sa.UniqueConstraint('series', 'first_task', name=op.f('uq_changes_series_first_task'))
    )
    with op.batch_alter_table('changes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_changes_found_task'), ['found_task'], unique=False)


def downgrade() -> None:
    op.drop_table('changes')
