"""Connections to PostgreSQL with a time limit for every answer: a suspended server would never answer."""

from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from rallycross.errors import RallycrossError
from rallycross.results.database_errors import shown_url
from rallycross.settings import settings

Result = TypeVar("Result")

_INTERVAL = 0.1  # seconds between two checks for an interrupt
_OLDER = "psycopg2"  # a driver without such limits; psycopg accepts the same URLs


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than its limit."""

    limit, setting = 0.0, ""

    def wait(self, gen: PQGen[Result], interval: float = _INTERVAL, timeout: float | None = None) -> Result:
        """Wait for an answer of the server, up to the limit."""
        try:
            return super().wait(gen, interval, timeout or self.limit or None)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - what `wait` is documented to raise
            self.close()  # a late answer would be taken for the next one
            raise psycopg.OperationalError(f"no answer within {self.limit:g} s ({self.setting})") from error


def postgresql_engine(parsed: URL) -> Engine:
    """Return an engine whose connections and answers have the limits of the settings."""
    if parsed.get_driver_name() == _OLDER:
        parsed = parsed.set(drivername="postgresql")
    if parsed.get_driver_name() != "psycopg":
        raise RallycrossError(
            f"results database {shown_url(parsed)}: the driver {parsed.get_driver_name()!r} is not installed"
            " - remove the part from the + on: postgresql://..."
        )
    limits = settings()
    given = {} if "connect_timeout" in parsed.query else {"connect_timeout": _whole(limits.database_connect)}
    engine = create_engine(parsed, pool_pre_ping=True, connect_args=given)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, words: Any, named: Any) -> LimitedConnection:
        connection = LimitedConnection.connect(*words, **named)
        limit_answers(connection, limits.database_limit, "RALLYCROSS_DATABASE_LIMIT")
        return connection

    return engine


def limit_answers(connection: object, limit: float, setting: str) -> None:
    """Limit each answer of a connection to `limit` seconds; messages name `setting` as the way to change that."""
    limited = cast("LimitedConnection", connection)
    limited.limit, limited.setting = limit, setting


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
