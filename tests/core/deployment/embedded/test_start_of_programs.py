"""Programs are started by a real supervisor, waited for by what they answer with, and kept, the supervisor too."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eventual import eventually

from rallycross.deployment.embedded import parts
from rallycross.deployment.embedded.layout import EmbeddedOptions, Layout
from rallycross.deployment.embedded.on_host.control import running, supervisor
from rallycross.deployment.embedded.options import OPTIONS
from rallycross.deployment.embedded.parts import keeper, on_host_files, standalone, stop_script
from rallycross.deployment.embedded.service import Program
from rallycross.deployment.embedded.supervision import supervisor_file

LISTENS = "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('it.sock'); s.listen(); time.sleep(600)"
AGAIN = f'rm -f it.sock; exec {sys.executable} -c \\"{LISTENS}\\"'
PATIENCE = 60.0  # seconds; a start takes 3


@pytest.fixture(name="root", params=["short", "a-path-that-is-too-long-for-a-socket" * 3])
def _root(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Have a cloud of two programs under a supervisor: one listens on a socket of its folder, one does nothing."""
    root = tmp_path / str(request.param)
    options = EmbeddedOptions.of({name: option.default for name, option in OPTIONS.items()} | {"patience_s": PATIENCE})
    layout = Layout("one", str(root), {}, {"supervisor": "s3cret"}, options, {})
    first = Program("listens", f'bash -c "{AGAIN}"', endpoint="unix:it.sock")
    rest = Program("idles", f'{sys.executable} -c "import time; time.sleep(600)"')
    for folder in ("bin", "etc", "home", "log", "venv/bin"):
        (root / folder).mkdir(parents=True)
    for name in ("python", "supervisord"):
        (root / "venv/bin" / name).symlink_to(Path(sys.executable).with_name(name))
    for path, text in on_host_files(layout).items():
        Path(path).write_text(text)
    (root / "cloud.json").write_text(json.dumps({"ports": layout.ports, "secrets": layout.secrets}))
    programs = [first, rest, keeper(layout, [first], [rest])]
    (root / "etc/supervisord.conf").write_text(supervisor_file(layout, programs))
    try:
        subprocess.run(["bash", "-euc", parts.supervisor(layout)], check=True, umask=0o077)
        yield root
    finally:
        subprocess.run(["bash", "-c", stop_script(str(root))], check=True)
        assert running(root) == []


def ctl(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start programs, and wait for them."""
    command = [sys.executable, root / "bin/ctl.py", root, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def states(root: Path) -> dict[str, list[str]]:
    """Return state and detail of each program, as the host is looked at."""
    words = ["look", str(root), "1", "2", "0", "0", "", "", "127.0.0.1"]
    done = subprocess.run([sys.executable, "-c", standalone("prepare.py"), *words], capture_output=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)["states"]
    return found


def pids(root: Path) -> dict[str, int]:
    """Return the processes of the programs that run."""
    try:
        rows: Any = supervisor(str(root), "s3cret").supervisor.getAllProcessInfo()
    except OSError:
        return {}
    return {row["name"]: row["pid"] for row in rows if row["statename"] == "RUNNING"}


def test_programs_come_up_and_what_never_answers_is_told(root: Path) -> None:
    """A program that listens on its socket is up, with owner-only files; one that never answers is named."""
    up = ctl(root, "60", "120", "listens=unix:it.sock", "idles")
    never = ctl(root, "3", "120", "listens=unix:it.sock", "idles=unix:other.sock")

    assert (up.returncode, up.stderr) == (0, "")
    for name in ("it.sock", "supervisor.sock"):
        assert (root / name).stat().st_mode & 0o077 == 0
    assert never.returncode == 1
    assert "idles does not answer yet at unix:other.sock" in never.stderr
    assert "without progress for" in never.stderr
    assert "listens" not in never.stderr.splitlines()[0]


@pytest.mark.parametrize("endpoint", ["127.0.0.1:{}", "http://127.0.0.1:{}/v3"])
def test_a_port_that_another_has_taken_is_told(root: Path, endpoint: str) -> None:
    """If another process has a program's port, the program is not up, and the port and the process are shown."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = ctl(root, "60", "120", f"idles={endpoint.format(port)}", "listens=unix:it.sock")

    assert done.returncode == 1
    assert f"idles: its port {port} on 127.0.0.1 is in use by process {os.getpid()} (" in done.stderr
    assert "it will use other ports" in done.stderr


def test_a_killed_supervisor_comes_back_with_all_it_had(root: Path) -> None:
    """After a kill of the supervisor every program runs again exactly once, and none of the old ones is left."""
    assert ctl(root, "60", "120", "listens=unix:it.sock", "idles", "keeper").returncode == 0
    before = pids(root)
    assert before.keys() == {"listens", "idles", "keeper"}

    os.kill(int((root / "supervisor.pid").read_text()), signal.SIGKILL)

    assert eventually(lambda: pids(root).keys() == before.keys() and pids(root)["keeper"] != before["keeper"])
    assert eventually(lambda: not set(before.values()) & set(running(root)))
    assert {state for state, _ in states(root).values()} == {"RUNNING"}


def test_a_supervisor_that_does_not_come_back_is_missed(root: Path) -> None:
    """If the keeper is dead too, the status shows the remaining processes and what to do, not an empty list."""
    assert ctl(root, "60", "120", "idles", "keeper").returncode == 0
    keeper, above = pids(root)["keeper"], int((root / "supervisor.pid").read_text())
    os.kill(above, signal.SIGSTOP)  # so that it cannot act in between
    os.kill(keeper, signal.SIGKILL)
    os.kill(above, signal.SIGKILL)
    assert eventually(lambda: not {keeper, above} & set(running(root)))

    [(name, (state, detail))] = states(root).items()

    assert (name, state) == ("supervisor", "GONE")
    assert detail == "1 processes run without it - restart it: ./rallycross cloud create SPEC"
