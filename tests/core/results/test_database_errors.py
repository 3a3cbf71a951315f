"""Each error of the results database is one sentence, and transient errors are waited for."""

import io
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from rallycross.cli.main import main
from rallycross.errors import RallycrossError
from rallycross.results.database_errors import ResultsDatabaseError
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task

_COMMANDS = (["results", "list"], ["results", "show", "1"], ["verify", "history"], ["cloud", "list"], ["clean"])


def _garbage(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be one" * 200)


def _folder(file: Path) -> None:
    file.mkdir()


def _leads_nowhere(file: Path) -> None:
    file.symlink_to(file)


def _no_file_at_all(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _told(file: Path, *statements: str) -> None:
    store = Store.open(f"sqlite:///{file}")
    store.tasks.begin("u", cloud="c", task=Task("T", (Subtask("s", ()),)), environment={})
    store.close()
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def _without_its_version(file: Path) -> None:
    _told(file, "DELETE FROM alembic_version")


def _cut(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    os.truncate(file, 5000)


def _overwritten(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xa5" * (file.stat().st_size - 200))


def _of_a_newer_version(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    monkeypatch.delenv("RALLYCROSS_RESULTS_URL", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_garbage, "file is not a database - move the file away"),
        (_folder, "is not a file, but a folder, a pipe, a device or a broken link - move it away"),
        (os.mkfifo, "is not a file, but a folder, a pipe"),
        (_leads_nowhere, "is not a file, but a folder, a pipe"),
        (_no_file_at_all, "is not a file, but a folder, a pipe"),
        (_without_its_version, "already exists - its tables do not match the version that it states: restore"),
        (_cut, "malformed - restore a copy"),
        (_overwritten, "malformed - restore a copy"),
        (_of_a_newer_version, "has revision 9999, but this version of Rallycross only knows revisions up to"),
    ],
)
@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_a_bad_file_is_said_by_every_command(
    harm: Callable[[Path], None],
    said: str,
    command: list[str],
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every command reports a bad file with its path and a remedy, without a traceback, and exits with 2."""
    file = home / "results.db"
    harm(file)

    assert main(command) == 2
    written = capsys.readouterr().err
    assert f"results database {file}: " in written
    assert said in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("""UPDATE tasks SET environment = '{"a": Na'""", "a value in it is damaged"),
        ("DROP TABLE subtasks", "no such table: subtasks - restore a copy of it, save what can be read"),
        ("ALTER TABLE tasks DROP COLUMN tags", "no such column: tasks.tags - restore a copy of it, save"),
    ],
)
def test_what_is_gone_from_a_database_is_said(
    statement: str, said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing table or column, and a value that is not JSON, are reported."""
    _told(home / "results.db", statement)

    assert main(["results", "show", "u"]) == 2
    written = capsys.readouterr().err
    assert f"results database {home / 'results.db'}: " in written
    assert said in written


def test_a_file_that_may_only_be_read_is_said() -> None:
    """A user who may not write the file is told so."""
    if os.geteuid() != 0:
        pytest.skip("only root can try it as another user")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        file = folder / "results.db"
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE some (thing)")
        connection.close()
        file.chmod(0o644)
        code = """
import os, sys
from rallycross.results.store import Store
os.seteuid(int(sys.argv[1]))
Store.open(f"sqlite:///{sys.argv[2]}")
"""
        nobody = pwd.getpwnam("nobody").pw_uid
        done = subprocess.run(
            [sys.executable, "-c", code, str(nobody), file], capture_output=True, text=True, check=False
        )
    finally:
        shutil.rmtree(folder)
    assert f"results database {file}: attempt to write a readonly database - give this user the right" in done.stderr


def test_a_database_that_was_removed_in_use_is_said(tmp_path: Path) -> None:
    """A file that is removed or replaced in use is reported, although SQLite would go on writing."""
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    store.database.patience = 0.0
    (tmp_path / "results.db").rename(tmp_path / "moved.db")
    with pytest.raises(ResultsDatabaseError, match=f"{tmp_path}/results.db: was removed while it was in use"):
        store.artifacts.add("one", "log", "there")

    Store.open(f"sqlite:///{tmp_path / 'results.db'}").close()
    with pytest.raises(ResultsDatabaseError, match="was replaced by another file"):
        store.artifacts.of("one")


def test_a_file_that_is_away_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """A writer continues once the file is back, and nothing is lost."""
    file, away = tmp_path / "results.db", tmp_path / "away.db"
    store = Store.open(f"sqlite:///{file}")
    store.database.patience = 60.0
    file.rename(away)
    back = threading.Timer(1.0, lambda: away.rename(file))
    back.start()
    store.artifacts.add("one", "log", "there")
    back.join()

    assert [row.path for row in Store.open(f"sqlite:///{file}").artifacts.of("one")] == ["there"]


def test_progress_is_not_worth_waiting_for(tmp_path: Path) -> None:
    """An unavailable database does not delay a load that reports progress."""
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    store.database.patience = 3600.0
    (tmp_path / "results.db").rename(tmp_path / "away.db")

    store.workloads.report_progress("one", {"done": 1})


@pytest.mark.parametrize("what", ["database", "row"])
def test_a_full_disk_is_said(what: str) -> None:
    """A really full disk is reported, while the database is created and while it is written."""
    code = """
import os, sys
from rallycross.results.store import Store
folder, what = sys.argv[1:]
def fill():
    with open(f"{folder}/filling", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
if what == "database":
    fill()
store = Store.open(f"sqlite:///{folder}/results.db")
store.database.patience = 0.0
store.artifacts.add("one", "log", "x")
fill()
try:
    for number in range(100):
        store.artifacts.add("one", "log", "x" * 4096 + str(number))
finally:
    os.unlink(f"{folder}/filling")
    assert [row.path[0] for row in store.artifacts.of("one")][0] == "x"
"""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    with tempfile.TemporaryDirectory() as folder:
        mount = f'mount -t tmpfs -o size=1m none {folder} && exec "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", mount, "-", sys.executable, "-c", code, folder, what],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "ResultsDatabaseError: results database" in done.stderr
    assert f"{folder}/results.db: " in done.stderr
    assert "make room on its disk" in done.stderr


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("owner@", "nobody:secret@"), 'role "nobody" does not exist'),
        (lambda url: url + "_none", "does not exist - have it created"),
        (lambda url: f"{url.rsplit(':', 1)[0]}:{_closed_port()}/none", "start its server, or correct host and port"),
        (lambda url: url.replace("127.0.0.1", "no.such.host.invalid"), "correct the host in RALLYCROSS_RESULTS_URL"),
        (lambda url: url.replace("owner@", "guest:secret@"), "permission denied"),
    ],
    ids=["user", "database", "server", "host", "rights"],
)
def test_a_server_that_does_not_let_us_in_is_said(change: Callable[[str], str], said: str, postgresql_url: str) -> None:
    """The message has the URL without its password, the server's message, and a remedy."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS guest"))
        connection.execute(text("CREATE ROLE guest LOGIN"))
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    engine.dispose()
    with pytest.raises(RallycrossError) as raised:
        Store.open(change(postgresql_url))

    assert said in str(raised.value)
    assert str(raised.value).startswith("results database postgresql://")
    assert "secret" not in str(raised.value)


def test_a_server_that_is_away_for_a_while_is_waited_for(postgresql_url: str) -> None:
    """While connections are cut and refused, writers wait; then they continue, and nothing is lost."""
    store = Store.open(postgresql_url)
    store.database.patience = 60.0
    name = postgresql_url.rpartition("/")[2]
    admin = create_engine(postgresql_url.replace(name, "postgres"), isolation_level="AUTOCOMMIT")

    def let(*, allowed: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"))
            if not allowed:
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
                )

    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            store.artifacts.add("one", "log", str(len(written)))
            written.append(str(len(written)))
            time.sleep(0.01)

    writing = threading.Thread(target=write)
    writing.start()
    let(allowed=False)
    time.sleep(1.0)
    before = len(written)
    let(allowed=True)
    while len(written) < before + 5 and writing.is_alive():
        time.sleep(0.05)
    stop.set()
    writing.join()
    admin.dispose()

    assert [row.path for row in store.artifacts.of("one")] == written
    store.close()


URLS = [
    ("postgresql://u:{}@127.0.0.1:1/db", "postgresql://u:***@127.0.0.1:1/db: ", "start its server, or correct host"),
    ("postgresql://127.0.0.1:1/db?user=u&password={}", "password=***", "start its server, or correct host"),
    ("postgresql://u:{}@127.0.0.1:1/db?sslmode=no", "sslmode", "set RALLYCROSS_RESULTS_URL"),
    ("postgresql://u:{}@nobody.invalid/db", "nobody.invalid", "correct the host in RALLYCROSS_RESULTS_URL"),
    ("postgresql://u:p@{}@127.0.0.1/db", "its URL cannot be parsed", "write @ as %40"),
    ("postgresql://u:{}@127.0.0.1:port/db", "its URL cannot be parsed", "set RALLYCROSS_RESULTS_URL to sqlite:"),
    ("postgresql://u:{}@[::1/db", "its URL cannot be parsed", "set RALLYCROSS_RESULTS_URL to sqlite:"),
    ("u:{}@127.0.0.1/db", "its URL cannot be parsed", "set RALLYCROSS_RESULTS_URL to sqlite:"),
    ("postgresql+none://u:{}@127.0.0.1:1/db", "the driver 'none' is not installed", "postgresql://..."),
    ("postgresql+asyncpg://u:{}@127.0.0.1:1/db", "the driver 'asyncpg' is not installed", "postgresql://..."),
    ("mysql://u:{}@127.0.0.1/db", "neither a SQLite file nor PostgreSQL", "set RALLYCROSS_RESULTS_URL to sqlite:"),
]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("url", "what", "remedy"), URLS)
def test_what_is_wrong_with_an_url_is_told_without_its_password(
    url: str, what: str, remedy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has the place, the problem and the remedy, without a traceback; the exit code is 2."""
    monkeypatch.setenv("RALLYCROSS_RESULTS_URL", url.format("Canary-7Xk9"))
    monkeypatch.setenv("RALLYCROSS_DATABASE_PATIENCE", "0.1")

    assert main(["results", "list"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("rallycross: results database")
    assert what in said
    assert remedy in said
    assert "Traceback" not in said
    assert "Canary" not in said


def test_a_password_that_postgresql_does_not_take_is_told_and_not_shown(
    postgresql: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong password, no password, and a missing database each have their remedy, and no password is shown."""
    assert home.is_dir()
    owner = create_engine(f"{postgresql}/postgres", isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("CREATE ROLE wary LOGIN PASSWORD 'Right-5Gh2'"))
        rules = Path(str(connection.execute(text("SHOW hba_file")).scalar()))
        before = rules.read_text()
        rules.write_text(f"host all wary 127.0.0.1/32 scram-sha-256\n{before}")
        connection.execute(text("SELECT pg_reload_conf()"))
    place = postgresql.partition("@")[2]
    told = {
        f"wary:Canary-7Xk9@{place}/postgres": "correct user and password in RALLYCROSS_RESULTS_URL",
        f"wary@{place}/postgres": "give the password in RALLYCROSS_RESULTS_URL",
        f"wary:Right-5Gh2@{place}/nowhere": "have it created, or correct its name in RALLYCROSS_RESULTS_URL",
    }
    try:
        for url, remedy in told.items():
            monkeypatch.setenv("RALLYCROSS_RESULTS_URL", f"postgresql://{url}")
            for command in (["results", "list"], ["run", "-"]):
                monkeypatch.setattr("sys.stdin", io.StringIO("Dummy.dummy: [{}]"))
                assert main(command) == 2
                said = capsys.readouterr().err
                assert f"{place}/" in said
                assert remedy in said
                assert not [word for word in ("Traceback", "Canary", "Right-5Gh2") if word in said]
    finally:
        rules.write_text(before)
        with owner.connect() as connection:
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("DROP ROLE wary"))
        owner.dispose()
