"""The database below the store: engine, migration when it is opened, short transactions, upsert."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from rallycross.errors import RallycrossError
from rallycross.file_modes import private_folder
from rallycross.results.database_errors import (
    URL_FORMS,
    ResultsDatabaseError,
    SameFile,
    is_database_error,
    results_database_error,
    shown_url,
)
from rallycross.results.models import Base, DamagedValue
from rallycross.settings import settings

# The newest migration. It is repeated here so that an up-to-date database does not need alembic, which imports slowly.
HEAD = "0008"
_MIGRATION_LOCK = 0x52414C4C59  # any number that no other program uses
_MIGRATIONS = Path(__file__).with_name("migrations")


class Database:
    """A results database, migrated and ready. May be used from several threads and processes at once.

    Its errors are `ResultsDatabaseError`. The parts of the store wait up to `patience` seconds for a transient error to
    pass, such as a server's restart.
    """

    def __init__(self, url: str, *, patience: float = 0.0) -> None:
        self.url = url
        self.patience = patience
        self.engine = _engine(url)
        self._write = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(reads_only=True), expire_on_commit=False)
        try:
            _migrate(self.engine)
        except (DBAPIError, sqlite3.Error) as error:
            raise results_database_error(self.engine.url, error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that commits at its end, or rolls back after an exception."""
        with self._write.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads; the rows it loads stay usable after it."""
        try:
            with self._read() as session:
                yield session
        except (json.JSONDecodeError, DamagedValue) as error:
            raise ResultsDatabaseError(
                f"results database {shown_url(self.engine.url)}: a value in it is damaged ({error})"
                " - restore a copy of it, or delete the results that have it"
            ) from error

    def upsert(
        self, session: Session, model: type[Base], values: dict[str, Any], *, key: Sequence[str], update: Sequence[str]
    ) -> None:
        """Insert a row. If a row of the same `key` exists, only set its columns `update` (none: leave it as it is)."""
        insert = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(model).values(values)
        if update:
            changed = {column: statement.excluded[column] for column in update}
            session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
        else:
            session.execute(statement.on_conflict_do_nothing(index_elements=key))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the URL may hold a password: keep it out of the message and the traceback
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):
        raise RallycrossError(
            f"results database: its URL cannot be parsed - set RALLYCROSS_RESULTS_URL to {URL_FORMS}; in user and"
            " password write @ as %40, : as %3A, / as %2F"
        )
    return parsed


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        from rallycross.results.postgresql import postgresql_engine  # noqa: PLC0415 - its driver costs memory

        engine = postgresql_engine(parsed)
        event.listen(engine, "handle_error", _translate)
        return engine
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise RallycrossError(
            f"results database {shown_url(parsed)}: neither a SQLite file nor PostgreSQL"
            f" - set RALLYCROSS_RESULTS_URL to {URL_FORMS}"
        )
    file = Path(parsed.database)
    try:
        private_folder(file.parent)
        # Created here because SQLite would make it readable by everyone; SQLite gives its other files the same mode.
        # An existing file is not opened: closing it would drop the locks of this process's other connections to it.
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not file.is_file():
            raise ResultsDatabaseError(
                f"results database {file}: is not a file, but a folder, a pipe, a device or a broken link"
                " - move it away, or set RALLYCROSS_RESULTS_URL to another"
            ) from None
    except OSError as error:
        raise results_database_error(parsed, error) from error
    same = SameFile(parsed)
    engine = create_engine(parsed, connect_args={"timeout": settings().database_limit})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda _: same.check())
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _translate)
    return engine


def _translate(context: ExceptionContext) -> None:
    error = context.sqlalchemy_exception or context.original_exception
    if context.engine is not None and is_database_error(error):
        raise results_database_error(context.engine.url, error) from context.original_exception


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins transactions, also around DDL
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the timeout, if another has written in
    # between. So a transaction that may write takes the write lock when it begins.
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    """Migrate the database to `HEAD`. If several processes try at once, one migrates and the others wait."""
    if engine.dialect.name == "sqlite":
        _use_wal(engine)
    with engine.execution_options(reads_only=True).connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if version is not None and not list(_MIGRATIONS.glob(f"versions/{version}_*.py")):
        raise ResultsDatabaseError(
            f"results database {shown_url(engine.url)}: has revision {version}, but this version of Rallycross only "
            f"knows revisions up to {HEAD} - use the version that made it, or set RALLYCROSS_RESULTS_URL to another"
        )
    from alembic import command  # noqa: PLC0415 - see HEAD
    from alembic.config import Config  # noqa: PLC0415

    with (
        _for_migrating(engine) as connection,
        connection.begin(),
    ):  # on SQLite BEGIN IMMEDIATE is the only lock needed
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _for_migrating(engine: Engine) -> Iterator[Connection]:
    """Return a connection with a long limit, on which SQLite can alter a table by recreating it.

    Foreign keys are off: with them, dropping the old table would delete all rows that refer to it, by cascade.
    """
    limit = settings().migration_limit
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if engine.dialect.name != "sqlite" or raw is None:
            from rallycross.results.postgresql import limit_answers  # noqa: PLC0415 - as above

            limit_answers(raw, limit, "RALLYCROSS_MIGRATION_LIMIT")
            try:
                yield connection
            finally:
                connection.invalidate()  # so that no other use inherits its limit
            return
        raw.cursor().execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
        raw.cursor().execute(f"PRAGMA busy_timeout={limit * 1000:.0f}")
        try:
            yield connection
        finally:
            raw.cursor().execute("PRAGMA foreign_keys=ON")
            raw.cursor().execute(f"PRAGMA busy_timeout={settings().database_limit * 1000:.0f}")


def _use_wal(engine: Engine) -> None:
    """Switch on write-ahead logging, so that readers do not block the writer. The file keeps the mode."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
