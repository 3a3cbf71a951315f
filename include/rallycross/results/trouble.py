"""What is wrong with the results database, in a sentence: which it is, what its program said, and what to do."""

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

MOVE = "set RALLYCROSS_RESULTS_URL to one that can be reached"
FORMS = "sqlite:////path/of/a/file or postgresql://user:password@host/name"
_LOOK = 0.5  # seconds between two tries while it is away
_log = logger(__name__)

# What a program says, in small letters, and what to do about it; the first that fits.
_REMEDIES = (
    ("database or disk is full", "make room on its disk"),
    ("no space left", "make room on its disk"),
    ("disk quota", "make room on its disk, or have the quota raised"),
    ("readonly database", "give this user the right to write the file and its folder, or mount the disk for writing"),
    ("not a database", "move the file away, and a new one is made; or put back a copy of it"),
    ("malformed", "put back a copy of it, save what can be read with: sqlite3 FILE .recover, or move it away"),
    ("already exists", "its tables are older than its note of their version: put back a copy of it, or move it away"),
    ("no such table", "put back a copy of it, save what can be read with: sqlite3 FILE .recover, or move it away"),
    ("no such column", "put back a copy of it, save what can be read with: sqlite3 FILE .recover, or move it away"),
    ('relation "', "put back a copy of it, or make a new one: a table of it is gone"),
    ("disk i/o error", "check its disk, and whether the file can still be read"),
    ("locked", "another program holds it: end that program, or have it waited for longer by RALLYCROSS_DATABASE_LIMIT"),
    (
        "no answer within",
        "see whether its server runs or is stopped, another program holds what is waited for, or a firewall is between",
    ),
    ("unable to open", "make its folder, and give this user the right to read and write it"),
    ("password authentication failed", "correct user and password in RALLYCROSS_RESULTS_URL"),
    ("no password supplied", "give the password in RALLYCROSS_RESULTS_URL"),
    ("pg_hba.conf", "let this machine and user in, in the server's pg_hba.conf"),
    ("permission denied", "have its owner GRANT this user what it is denied"),
    ("must be owner", "migrate it as its owner, once"),
    ("role", "have the role made, or correct the user in RALLYCROSS_RESULTS_URL"),
    ("does not exist", "have it made, or correct its name in RALLYCROSS_RESULTS_URL"),
    ("could not translate host", "correct the host in RALLYCROSS_RESULTS_URL"),
    ("name or service not known", "correct the host in RALLYCROSS_RESULTS_URL"),
    ("server closed the connection", "see its server's log, and whether it is a PostgreSQL that answers there"),
    (
        "timeout expired",
        "see whether its server runs or is stopped, or a firewall is between; RALLYCROSS_DATABASE_CONNECT is its limit",
    ),
    ("connection refused", "start its server, or correct host and port in RALLYCROSS_RESULTS_URL"),
)
# Of these one may expect that they pass.
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


class DatabaseTrouble(RallycrossError):  # noqa: N818 - reads as what it says
    """The results database could not do what it was asked for; `passing`: it may, a little later."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def shown(url: URL | str) -> str:
    """Return a URL of a database without its password; what cannot be parsed may hold one, and is not shown."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "(an URL that cannot be read)"
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return str(parsed.database)
    return shown_text(parsed.render_as_string(hide_password=True))  # one may also be among its options


def trouble(url: URL, error: BaseException) -> DatabaseTrouble:
    """Return what an error of a database's driver means."""
    said = " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__
    said = shown_text(said, [url.password] if url.password else [])
    known = said.lower()
    remedy = next((remedy for words, remedy in _REMEDIES if words in known), MOVE)
    if "RALLYCROSS_RESULTS_URL" not in remedy:
        remedy += ", or set RALLYCROSS_RESULTS_URL to another"
    passing = any(words in known for words in _PASSING) or bool(getattr(error, "connection_invalidated", False))
    return DatabaseTrouble(f"results database {shown(url)}: {said} - {remedy}", passing=passing)


def is_trouble(error: BaseException) -> bool:
    """Tell whether an error is one of the database, and not of what it was given."""
    if isinstance(error, sqlite3.Error):
        return not isinstance(error, sqlite3.IntegrityError)
    if not isinstance(error, DBAPIError):
        return False
    return type(error).__name__ not in {"IntegrityError", "DataError"}


class SameFile:
    """Knows whether a SQLite file is still the one that was opened: SQLite goes on with one that was deleted."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = Path(str(url.database))
        self._was: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise `DatabaseTrouble` where the file is gone, or another is in its place."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise DatabaseTrouble(
                f"results database {shown(self._url)}: was removed while it was in use: {error.strerror}"
                " - put the file back: what was written before is in no other place; samples are in their own files",
                passing=True,
            ) from error
        now = (found.st_dev, found.st_ino)
        if self._was not in {None, now}:
            raise DatabaseTrouble(
                f"results database {shown(self._url)}: another file was put in its place while it was in use"
                " - put the first one back, or begin again"
            )
        self._was = now


def patient(method: Callable[..., Result]) -> Callable[..., Result]:
    """Have a method of a `Part`, which is one transaction, wait for a database that is away for a while."""

    @wraps(method)
    def trying(part: Any, *arguments: Any, **named: Any) -> Result:
        patience, deadline = part.database.patience, None
        while True:
            try:
                return method(part, *arguments, **named)
            except DatabaseTrouble as error:
                now = time.monotonic()
                if not error.passing:
                    raise
                if deadline is None:
                    deadline = now + patience
                    _log.warning("%s; waiting for it, up to %.0f s", error, patience)
                if now >= deadline:
                    raise DatabaseTrouble(
                        f"{error} (waited for {patience:.0f} s: RALLYCROSS_DATABASE_PATIENCE)"
                    ) from error
            time.sleep(_LOOK)

    return trying
