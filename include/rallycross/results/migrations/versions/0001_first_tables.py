"""The first tables: clouds, deployments, verifications, tasks, artifacts, ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('artifacts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('owner_uuid', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('added_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_artifacts')),
    sa.UniqueConstraint('owner_uuid', 'kind', 'path', name=op.f('uq_artifacts_owner_uuid_kind_path'))
    )
    with op.batch_alter_table('artifacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_artifacts_owner_uuid'), ['owner_uuid'], unique=False)

    op.create_table('clouds',
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('clouds_yaml', sa.Text(), nullable=False),
    sa.Column('spec', sa.Text(), nullable=False),
    sa.Column('engine', sa.String(length=64), nullable=False),
    sa.Column('root', sa.Text(), nullable=False),
    sa.Column('deployment', sa.String(length=36), nullable=True),
    sa.Column('environment', sa.JSON(), nullable=False),
    sa.Column('registered_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_clouds'))
    )
    op.create_table('deployments',
    sa.Column('uuid', sa.String(length=36), nullable=False),
    sa.Column('cloud', sa.String(length=255), nullable=False),
    sa.Column('engine', sa.String(length=64), nullable=False),
    sa.Column('spec', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('total_steps', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('ended_at', sa.Double(), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('uuid', name=op.f('pk_deployments'))
    )
    with op.batch_alter_table('deployments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deployments_cloud'), ['cloud'], unique=False)

    op.create_table('ledger',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('owner_uuid', sa.String(length=36), nullable=False),
    sa.Column('cloud', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=True),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('remembered_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger'))
    )
    with op.batch_alter_table('ledger', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ledger_cloud'), ['cloud'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_owner_uuid'), ['owner_uuid'], unique=False)

    op.create_table('tasks',
    sa.Column('uuid', sa.String(length=36), nullable=False),
    sa.Column('cloud', sa.String(length=255), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('environment', sa.JSON(), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('ended_at', sa.Double(), nullable=True),
    sa.PrimaryKeyConstraint('uuid', name=op.f('pk_tasks'))
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tasks_cloud'), ['cloud'], unique=False)

    op.create_table('verifications',
    sa.Column('uuid', sa.String(length=36), nullable=False),
    sa.Column('cloud', sa.String(length=255), nullable=False),
    sa.Column('chosen', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('environment', sa.JSON(), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('ended_at', sa.Double(), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('uuid', name=op.f('pk_verifications'))
    )
    with op.batch_alter_table('verifications', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_verifications_cloud'), ['cloud'], unique=False)

    op.create_table('deployment_steps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('deployment_uuid', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('ended_at', sa.Double(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_uuid'], ['deployments.uuid'], name=op.f('fk_deployment_steps_deployment_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployment_steps')),
    sa.UniqueConstraint('deployment_uuid', 'name', name=op.f('uq_deployment_steps_deployment_uuid_name'))
    )
    with op.batch_alter_table('deployment_steps', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deployment_steps_deployment_uuid'), ['deployment_uuid'], unique=False)

    op.create_table('subtasks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_uuid', sa.String(length=36), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('group_name', sa.Text(), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['task_uuid'], ['tasks.uuid'], name=op.f('fk_subtasks_task_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subtasks')),
    sa.UniqueConstraint('task_uuid', 'position', name=op.f('uq_subtasks_task_uuid_position'))
    )
    with op.batch_alter_table('subtasks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subtasks_task_uuid'), ['task_uuid'], unique=False)

    op.create_table('verification_tests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('verification_uuid', sa.String(length=36), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('traceback', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['verification_uuid'], ['verifications.uuid'], name=op.f('fk_verification_tests_verification_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_verification_tests')),
    sa.UniqueConstraint('verification_uuid', 'name', name=op.f('uq_verification_tests_verification_uuid_name'))
    )
    with op.batch_alter_table('verification_tests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_verification_tests_verification_uuid'), ['verification_uuid'], unique=False)

    op.create_table('workloads',
    sa.Column('uuid', sa.String(length=36), nullable=False),
    sa.Column('task_uuid', sa.String(length=36), nullable=False),
    sa.Column('subtask_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('scenario', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('args', sa.JSON(), nullable=False),
    sa.Column('runner', sa.String(length=64), nullable=False),
    sa.Column('runner_args', sa.JSON(), nullable=False),
    sa.Column('contexts', sa.JSON(), nullable=False),
    sa.Column('sla', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('error_detail', sa.Text(), nullable=False),
    sa.Column('started_at', sa.Double(), nullable=True),
    sa.Column('ended_at', sa.Double(), nullable=True),
    sa.Column('load_seconds', sa.Double(), nullable=True),
    sa.Column('full_seconds', sa.Double(), nullable=True),
    sa.Column('contexts_done', sa.JSON(), nullable=False),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('statistics', sa.JSON(), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['subtask_id'], ['subtasks.id'], name=op.f('fk_workloads_subtask_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_uuid'], ['tasks.uuid'], name=op.f('fk_workloads_task_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('uuid', name=op.f('pk_workloads'))
    )
    with op.batch_alter_table('workloads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_workloads_subtask_id'), ['subtask_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_workloads_task_uuid'), ['task_uuid'], unique=False)

    op.create_table('sla_rows',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('workload_uuid', sa.String(length=36), nullable=False),
    sa.Column('criterion', sa.String(length=255), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['workload_uuid'], ['workloads.uuid'], name=op.f('fk_sla_rows_workload_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sla_rows'))
    )
    with op.batch_alter_table('sla_rows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sla_rows_workload_uuid'), ['workload_uuid'], unique=False)


def downgrade() -> None:
    op.drop_table('sla_rows')
    op.drop_table('workloads')
    op.drop_table('verification_tests')
    op.drop_table('subtasks')
    op.drop_table('deployment_steps')
    op.drop_table('verifications')
    op.drop_table('tasks')
    op.drop_table('ledger')
    op.drop_table('deployments')
    op.drop_table('clouds')
    op.drop_table('artifacts')
