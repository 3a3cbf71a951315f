"""The figures of workloads one by one, taken from the statistics that there are."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_PAGE = 20  # workloads that are held at a time: each may have many actions
_OF_THE_LOAD = {'seconds': 's', 'throughput': '1/s', 'throughput_succeeded': '1/s', 'warm_up': '1', 'dropped': '1'}


def upgrade() -> None:
    figures = op.create_table('figures',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('workload_uuid', sa.String(length=36), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('depth', sa.Integer(), nullable=False),
    sa.Column('figure', sa.String(length=64), nullable=False),
    sa.Column('value', sa.Double(), nullable=False),
    sa.Column('unit', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['workload_uuid'], ['workloads.uuid'], name=op.f('fk_figures_workload_uuid'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_figures'))
    )
    with op.batch_alter_table('figures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_figures_workload_uuid_figure'), ['workload_uuid', 'figure'], unique=False)
    _fill(figures)


def _fill(figures: sa.Table) -> None:
    workloads = sa.table('workloads', sa.column('uuid', sa.String()), sa.column('statistics', sa.JSON()))
    text = sa.cast(workloads.c.statistics, sa.Text()).label('text')  # a document that is damaged keeps no database shut
    connection = op.get_bind()
    last = ''
    while page := connection.execute(
        sa.select(workloads.c.uuid, text)
        .where(workloads.c.uuid > last, workloads.c.statistics.is_not(sa.null()))
        .order_by(workloads.c.uuid)
        .limit(_PAGE)
    ).all():
        last = page[-1].uuid
        rows = [
            {'workload_uuid': uuid, 'action': _text(action), 'depth': depth, 'figure': figure, 'value': value, 'unit': unit}
            for uuid, document in page
            for action, depth, figure, value, unit in _figures(_read(document))
        ]
        if rows:
            connection.execute(figures.insert(), rows)


def _read(document: str) -> dict[str, Any]:
    try:
        statistics = json.loads(document)
    except ValueError:
        return {}
    return statistics if isinstance(statistics, dict) else {}


def _figures(statistics: dict[str, Any]) -> Iterator[tuple[str, int, str, float, str]]:
    """Yield action ('' = whole iterations), depth, figure, value and unit, as `results.figure` does at this revision."""
    for name, unit in _OF_THE_LOAD.items():
        if _is_number(statistics.get(name)):
            yield '', 0, name, float(statistics[name]), unit
    rows = statistics.get('rows')
    told = [(row, place, '') for place, row in enumerate(rows if isinstance(rows, list) else [])]
    for row, place, prefix in [*told, (statistics.get('service'), 0, 'service_')]:
        if not isinstance(row, dict):
            continue
        action, depth = row.get('name', '') if place else '', row.get('depth', 0)
        if not isinstance(action, str) or not isinstance(depth, int):
            continue
        for name, value in row.items():
            if name not in ('name', 'depth') and _is_number(value):
                yield action, depth, prefix + name, float(value), '1' if name in ('count', 'failed') else 's'


def _text(name: str) -> str:
    """Return a name as PostgreSQL can keep it."""
    return name.replace('\0', '\ufffd').encode('utf-8', 'replace').decode()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63  # NaN is not less


def downgrade() -> None:
    op.drop_table('figures')
