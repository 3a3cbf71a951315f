"""The migrations make what the models say."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rallycross.results.database import _MIGRATIONS, HEAD
from rallycross.results.models import Base
from rallycross.results.store import Store


def test_a_migrated_database_has_the_tables_of_the_models(store: Store) -> None:
    """Alembic finds nothing to change, in columns, types, indexes or constraints."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, Base.metadata)

    assert found == []


def test_the_head_that_the_code_knows_is_the_newest_migration() -> None:
    """Otherwise a database would be taken for up to date that is not."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
