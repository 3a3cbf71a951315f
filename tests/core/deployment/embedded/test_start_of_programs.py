"""Programs are started by a real supervisor, and waited for by what they answer with."""

import json
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rallycross.deployment.embedded.layout import Layout, Options
from rallycross.deployment.embedded.on_host import movement
from rallycross.deployment.embedded.options import OPTIONS
from rallycross.deployment.embedded.parts import on_host_files
from rallycross.deployment.embedded.service import Program
from rallycross.deployment.embedded.supervision import supervisor_file

CTL = Path(movement.__file__).with_name("ctl.py")
LISTENS = "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('it.sock'); s.listen(); time.sleep(600)"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Iterator[Path]:
    """Have a cloud of two programs under a supervisor: one listens on a socket of its folder, one does nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = Options.of({name: option.default for name, option in OPTIONS.items()})
    layout = Layout("one", str(tmp_path), {"supervisor": port}, {"supervisor": "s3cret"}, options, {})
    programs = [
        Program("listens", f'{sys.executable} -c "{LISTENS}"', endpoint="unix:it.sock"),
        Program("idles", f'{sys.executable} -c "import time; time.sleep(600)"'),
    ]
    (tmp_path / "log").mkdir()
    (tmp_path / "cloud.json").write_text(json.dumps({"ports": layout.ports, "secrets": layout.secrets}))
    (tmp_path / "supervisord.conf").write_text(supervisor_file(layout, programs))
    assert {Path(path).name for path in on_host_files(layout)} == {"ctl.py", "movement.py"}
    supervisord = Path(sys.executable).with_name("supervisord")
    with subprocess.Popen(
        [supervisord, "--nodaemon", "-c", tmp_path / "supervisord.conf"], stdout=subprocess.DEVNULL
    ) as up:
        try:
            assert ctl(tmp_path, "60", "60").returncode == 0
            yield tmp_path
        finally:
            with suppress(OSError):
                xmlrpc.client.ServerProxy(f"http://rallycross:s3cret@127.0.0.1:{port}/RPC2").supervisor.shutdown()
            with suppress(subprocess.TimeoutExpired):
                up.wait(30)
            up.kill()


def ctl(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start programs, and wait for them."""
    return subprocess.run([sys.executable, CTL, root, *words], capture_output=True, text=True, check=False)


def test_programs_come_up_and_what_never_answers_is_told(root: Path) -> None:
    """What listens on a socket is up, and its files are the owner's; what never answers is given up by its name."""
    up = ctl(root, "60", "120", "listens=unix:it.sock", "idles")
    never = ctl(root, "3", "120", "listens=unix:it.sock", "idles=unix:other.sock")

    assert (up.returncode, up.stderr) == (0, "")
    assert (root / "it.sock").stat().st_mode & 0o077 == 0
    assert never.returncode == 1
    assert "idles does not answer yet at unix:other.sock" in never.stderr
    assert "nothing has moved for" in never.stderr
    assert "listens" not in never.stderr.splitlines()[0]
