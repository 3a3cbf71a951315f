"""A results database that stops answering is given up within limits that are settings."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from rallycross.results.database_errors import ResultsDatabaseError
from rallycross.results.store import Store


@pytest.fixture(name="_short", autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALLYCROSS_DATABASE_LIMIT", "3")
    monkeypatch.setenv("RALLYCROSS_DATABASE_CONNECT", "2")


@contextmanager
def stopped(url: str, *, backends: bool = True) -> Iterator[None]:
    """Stop the server, or only its `backends`, like a suspended host."""
    engine = create_engine(url)
    with engine.connect() as connection:
        folder = Path(str(connection.execute(text("SHOW data_directory")).scalar()))
    engine.dispose()
    server = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
    there = [*([] if backends else [server]), *server.children()]
    try:
        _send(there, signal.SIGSTOP)
        yield
    finally:
        _send(there, signal.SIGCONT)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the backend of a connection that was closed
            process.send_signal(number)


@pytest.mark.parametrize("backends", [True, False], ids=["its backends", "all of it"])
@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2"])
def test_a_statement_of_which_no_answer_comes_is_given_up(postgresql_url: str, driver: str, *, backends: bool) -> None:
    """The message has the time waited, its setting and a remedy, and no change is half done."""
    store = Store.open(postgresql_url.replace("postgresql", driver))
    store.artifacts.add("one", "log", "before")

    def change() -> None:
        with store.database.writing() as session:
            session.execute(text("DELETE FROM artifacts"))
            with stopped(postgresql_url, backends=backends):
                session.execute(text("SELECT 1"))

    with pytest.raises(ResultsDatabaseError) as raised:
        change()

    assert [row.path for row in store.artifacts.of("one")] == ["before"]
    store.close()
    assert str(raised.value).startswith("results database postgresql")
    assert ": no answer within 3 s (RALLYCROSS_DATABASE_LIMIT) - check whether its server is" in str(raised.value)
    assert raised.value.passing


def test_a_connection_that_has_gone_silent_is_left_for_another(postgresql_url: str) -> None:
    """The next write uses a new connection if the server accepts one."""
    store = Store.open(postgresql_url)
    store.database.patience = 0.0
    store.artifacts.add("one", "log", "before")
    with stopped(postgresql_url):
        store.artifacts.add("one", "log", "after")

    assert [row.path for row in store.artifacts.of("one")] == ["before", "after"]
    store.close()


def test_a_server_that_lets_nobody_in_is_given_up(postgresql_url: str) -> None:
    """If the server is stopped before a command connects, the message has the setting of that limit."""
    with (
        stopped(postgresql_url, backends=False),
        pytest.raises(ResultsDatabaseError, match="RALLYCROSS_DATABASE_CONNECT"),
    ):
        Store.open(postgresql_url)


def test_a_server_that_is_stopped_for_a_while_is_waited_for(postgresql_url: str) -> None:
    """A writer continues once the server does, and writes once."""
    store = Store.open(postgresql_url)
    store.database.patience = 60.0
    store.artifacts.add("one", "log", "before")
    with stopped(postgresql_url, backends=False):
        writing = threading.Thread(target=store.artifacts.add, args=("one", "log", "there"))
        writing.start()
        writing.join(5.0)
        assert writing.is_alive()
    writing.join()

    assert [row.path for row in store.artifacts.of("one")] == ["before", "there"]
    store.close()


def test_what_another_program_holds_is_given_up(postgresql_url: str) -> None:
    """A table that another program locks is waited for up to the limit."""
    store = Store.open(postgresql_url)
    store.database.patience = 0.0
    engine = create_engine(postgresql_url)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE artifacts"))
        with pytest.raises(ResultsDatabaseError, match=r"no answer within 3 s .*another program holds"):
            store.artifacts.add("one", "log", "there")
    store.artifacts.add("one", "log", "there")

    assert [row.path for row in store.artifacts.of("one")] == ["there"]
    engine.dispose()
    store.close()


def test_a_file_that_another_program_holds_is_given_up(tmp_path: Path) -> None:
    """For a locked SQLite file the message has the setting that makes it wait longer."""
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    store.database.patience = 0.0
    other = sqlite3.connect(tmp_path / "results.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ResultsDatabaseError, match=r"database is locked - .*RALLYCROSS_DATABASE_LIMIT"):
        store.artifacts.add("one", "log", "there")
    other.close()
    store.artifacts.add("one", "log", "there")

    assert [row.path for row in store.artifacts.of("one")] == ["there"]
