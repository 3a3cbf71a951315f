"""Connections to PostgreSQL that have a limit for every answer: of a server that is stopped no word ever comes."""

from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from rallycross.errors import RallycrossError
from rallycross.results.trouble import shown
from rallycross.settings import settings

Result = TypeVar("Result")

_INTERVAL = 0.1  # seconds between two looks whether it was interrupted
_OLDER = "psycopg2"  # which knows no limits; all that its URLs can say is understood without it


class Answered(psycopg.Connection[Any]):
    """A connection that is closed once an answer takes longer than its limit."""

    limit, setting = 0.0, ""

    def wait(self, gen: PQGen[Result], interval: float = _INTERVAL, timeout: float | None = None) -> Result:
        """Wait for an answer of the server."""
        try:
            return super().wait(gen, interval, timeout or self.limit or None)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - what `wait` is documented to raise
            self.close()  # what comes late is the answer to nothing
            raise psycopg.OperationalError(f"no answer within {self.limit:g} s ({self.setting})") from error


def postgresql_engine(parsed: URL) -> Engine:
    """Return an engine whose connections, and every answer by them, have the limits of the settings."""
    if parsed.get_driver_name() == _OLDER:
        parsed = parsed.set(drivername="postgresql")
    if parsed.get_driver_name() != "psycopg":
        raise RallycrossError(
            f"results database {shown(parsed)}: there is no driver {parsed.get_driver_name()!r} here"
            " - leave out what stands behind the +: postgresql://..."
        )
    limits = settings()
    given = {} if "connect_timeout" in parsed.query else {"connect_timeout": _whole(limits.database_connect)}
    engine = create_engine(parsed, pool_pre_ping=True, connect_args=given)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, words: Any, named: Any) -> Answered:
        connection = Answered.connect(*words, **named)
        limit_answers(connection, limits.database_limit, "RALLYCROSS_DATABASE_LIMIT")
        return connection

    return engine


def limit_answers(connection: object, limit: float, setting: str) -> None:
    """Have each answer come within `limit` seconds; `setting` is what is told to change it."""
    answered = cast("Answered", connection)
    answered.limit, answered.setting = limit, setting


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
