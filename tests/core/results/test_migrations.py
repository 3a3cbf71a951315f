"""The migrations create the tables of the models."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, MetaData, create_engine, func, select

from rallycross.results.database import _MIGRATIONS, HEAD
from rallycross.results.models import Base
from rallycross.results.store import Store


def test_a_migrated_database_has_the_tables_of_the_models(store: Store) -> None:
    """Alembic finds nothing to change, in columns, types, indexes or constraints."""
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, Base.metadata)

    assert found == []


def test_the_head_that_the_code_knows_is_the_newest_migration() -> None:
    """`HEAD` is the newest migration, so that no old database is taken for an up-to-date one."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("revision", [f"{number:04}" for number in range(1, int(HEAD))])
def test_a_migration_keeps_what_was_measured(revision: str, tmp_path: Path) -> None:
    """Rows of every earlier version, and rows that refer to them, survive every later migration."""
    url = f"sqlite:///{tmp_path / 'results.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for name in ("tasks", "subtasks", "workloads", "sla_rows", "deployments", "deployment_steps", "clouds"):
            columns = [one for one in tables.tables[name].columns if not one.nullable]
            connection.execute(tables.tables[name].insert(), {one.name: _some(one) for one in columns})
    engine.dispose()
    store = Store.open(url)

    with store.database.engine.connect() as connection:
        kept = {
            name: connection.execute(select(func.count()).select_from(table)).scalar()
            for name, table in tables.tables.items()
        }
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    assert [kept[name] for name in ("tasks", "subtasks", "workloads", "sla_rows")] == [1, 1, 1, 1]
    assert [kept[name] for name in ("deployments", "deployment_steps", "clouds")] == [1, 1, 1]
    store.close()


def _some(column: Column[Any]) -> Any:
    """Return a value, the same for all columns of a type, so that references match."""
    if isinstance(column.type, JSON):
        return {}
    return {str: "x", int: 1, float: 1.0, bool: True}[column.type.python_type]
