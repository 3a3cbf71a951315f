"""Databases for results: a SQLite file, and a PostgreSQL server."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian import Tree, debian
from sqlalchemy import create_engine, text

from rallycross.results.store import Store


def _programs(folder: Path) -> tuple[Path, dict[str, str]]:
    """Return the folder of PostgreSQL's server programs, and the environment that they run in.

    Debian keeps them out of the PATH. Where there are none they are unpacked, and copied to where any user
    can run them.
    """
    if found := shutil.which("initdb"):
        return Path(found).parent, dict(os.environ)
    if versions := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return versions[-1].parent, dict(os.environ)
    tree = Tree(shutil.copytree(debian("postgresql", "postgresql").root, folder / "programs", symlinks=True))
    return tree.program("usr/lib/postgresql/*/bin/initdb").parent, tree.environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(name="postgresql", scope="session")
def _postgresql() -> Iterator[str]:
    """Start a PostgreSQL on loopback for this session; return its URL without a database name."""
    # PostgreSQL refuses to run as root, and another user cannot enter pytest's folders.
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    shutil.chown(folder, user)
    programs, environment = _programs(folder)
    options = {"user": user, "cwd": folder, "env": environment, "capture_output": True, "text": True}
    data, port = folder / "data", _free_port()
    made = subprocess.run(
        [programs / "initdb", "--pgdata", data, "--username", "owner", "--auth", "trust", "--no-sync"],
        check=False,
        **options,
    )
    assert made.returncode == 0, made.stderr
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [programs / "pg_ctl", "--pgdata", data, "--wait"]
    started = subprocess.run([*control, "-o", settings, "-l", folder / "log", "start"], check=False, **options)
    assert started.returncode == 0, started.stderr
    try:
        yield f"postgresql://owner@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **options)
        shutil.rmtree(folder)


@pytest.fixture(name="postgresql_url")
def _postgresql_url(postgresql: str) -> str:
    """Return the URL of a new, empty PostgreSQL database."""
    name = f"db_{uuid.uuid4().hex}"
    engine = create_engine(f"{postgresql}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{postgresql}/{name}"


@pytest.fixture(name="url", params=["sqlite", "postgresql"])
def _url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, one of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'results.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(name="store")
def _store(url: str) -> Iterator[Store]:
    """Return an empty store."""
    store = Store.open(url)
    yield store
    store.close()
