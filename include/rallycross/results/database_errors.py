"""Errors of the results database as messages: which database, what its driver reported, and what to do."""

import sqlite3
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from rallycross.errors import RallycrossError
from rallycross.safe_logging import logger
from rallycross.secret import shown_text

Result = TypeVar("Result")

ANOTHER = "set RALLYCROSS_RESULTS_URL to a database that can be reached"
URL_FORMS = "sqlite:////path/of/a/file or postgresql://user:password@host/name"
_RETRY = 0.5  # seconds between two tries while the database is unavailable
_log = logger(__name__)

_RESTORE = "restore a copy of it, save what can be read with: sqlite3 FILE .recover, or move it away"
# Part of the driver's message, in lower case, and what to do about it; the first match counts.
_REMEDIES = (
    ("database or disk is full", "make room on its disk"),
    ("no space left", "make room on its disk"),
    ("disk quota", "make room on its disk, or have the quota raised"),
    ("readonly database", "give this user the right to write the file and its folder, or mount the disk for writing"),
    ("not a database", "move the file away, so that a new one is created; or restore a copy of it"),
    ("malformed", _RESTORE),
    ("already exists", "its tables do not match the version that it states: restore a copy of it, or move it away"),
    ("no such table", _RESTORE),
    ("no such column", _RESTORE),
    ('relation "', "a table is missing: restore a copy of it, or create a new one"),
    ("disk i/o error", "check its disk, and whether the file can still be read"),
    ("locked", "another program holds a lock: end that program, or wait longer: RALLYCROSS_DATABASE_LIMIT"),
    (
        "no answer within",
        "check whether its server is running, whether another program holds a lock, and whether a firewall is between",
    ),
    ("unable to open", "create its folder, and give this user the right to read and write it"),
    ("password authentication failed", "correct user and password in RALLYCROSS_RESULTS_URL"),
    ("no password supplied", "give the password in RALLYCROSS_RESULTS_URL"),
    ("pg_hba.conf", "allow this machine and user in the server's pg_hba.conf"),
    ("permission denied", "have its owner GRANT this user the missing right"),
    ("must be owner", "migrate it once as its owner"),
    ("role", "have the role created, or correct the user in RALLYCROSS_RESULTS_URL"),
    ("does not exist", "have it created, or correct its name in RALLYCROSS_RESULTS_URL"),
    ("could not translate host", "correct the host in RALLYCROSS_RESULTS_URL"),
    ("name or service not known", "correct the host in RALLYCROSS_RESULTS_URL"),
    ("server closed the connection", "check its server's log, and whether the server is PostgreSQL"),
    (
        "timeout expired",
        "check whether its server is running, and whether a firewall is between; limit: RALLYCROSS_DATABASE_CONNECT",
    ),
    ("connection refused", "start its server, or correct host and port in RALLYCROSS_RESULTS_URL"),
)
# Messages of errors that may pass.
_PASSING = (
    "database is locked",
    "connection refused",
    "connection reset",
    "connection timeout",
    "connection timed out",
    "timeout expired",
    "no answer within",
    "could not receive data",
    "could not send data",
    "server closed the connection",
    "terminating connection",
    "connection is lost",
    "connection is closed",
    "connection already closed",
    "starting up",
    "shutting down",
    "recovery mode",
    "no route to host",
    "network is unreachable",
    "too many clients",
    "not currently accepting connections",
    "remaining connection slots",
)


class ResultsDatabaseError(RallycrossError):
    """The results database could not do what it was asked to do. `passing`: a later try may succeed."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def shown_url(url: URL | str) -> str:
    """Return a database URL without its password. An invalid URL may contain one, and is not shown at all."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "(a URL that cannot be parsed)"
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return str(parsed.database)
    return shown_text(parsed.render_as_string(hide_password=True))  # a password may also be among its options


def results_database_error(url: URL, error: BaseException) -> ResultsDatabaseError:
    """Return an error of a database driver as a message with a remedy."""
    said = " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__
    said = shown_text(said, [url.password] if url.password else [])
    known = said.lower()
    remedy = next((remedy for words, remedy in _REMEDIES if words in known), ANOTHER)
    if "RALLYCROSS_RESULTS_URL" not in remedy:
        remedy += ", or set RALLYCROSS_RESULTS_URL to another"
    passing = any(words in known for words in _PASSING) or bool(getattr(error, "connection_invalidated", False))
    return ResultsDatabaseError(f"results database {shown_url(url)}: {said} - {remedy}", passing=passing)


def is_database_error(error: BaseException) -> bool:
    """Tell whether an error is the database's, and not due to the values it was given."""
    if isinstance(error, sqlite3.Error):
        return not isinstance(error, sqlite3.IntegrityError)
    if not isinstance(error, DBAPIError):
        return False
    return type(error).__name__ not in {"IntegrityError", "DataError"}


class SameFile:
    """Checks that a SQLite file is still the one that was opened: SQLite would keep using a deleted file."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = Path(str(url.database))
        self._was: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise `ResultsDatabaseError` if the file is gone or was replaced."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise ResultsDatabaseError(
                f"results database {shown_url(self._url)}: was removed while it was in use: {error.strerror}"
                " - put the file back: it holds all earlier results but the samples, which are in their own files",
                passing=True,
            ) from error
        now = (found.st_dev, found.st_ino)
        if self._was not in {None, now}:
            raise ResultsDatabaseError(
                f"results database {shown_url(self._url)}: was replaced by another file while it was in use"
                " - put the first file back, or start again"
            )
        self._was = now


def patient(method: Callable[..., Result]) -> Callable[..., Result]:
    """Make a method of a `StorePart`, which is one transaction, retry while the database is unavailable."""

    @wraps(method)
    def trying(part: Any, *arguments: Any, **named: Any) -> Result:
        patience, deadline = part.database.patience, None
        while True:
            try:
                return method(part, *arguments, **named)
            except ResultsDatabaseError as error:
                now = time.monotonic()
                if not error.passing:
                    raise
                if deadline is None:
                    deadline = now + patience
                    _log.warning("%s; waiting for it up to %.0f s", error, patience)
                if now >= deadline:
                    raise ResultsDatabaseError(
                        f"{error} (waited for {patience:.0f} s: RALLYCROSS_DATABASE_PATIENCE)"
                    ) from error
            time.sleep(_RETRY)

    return trying
