"""The tests' own hosts end with the tests, however these end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machines import NoMachinesError, base_tree

PROGRAM = """
import sys
from pathlib import Path
from machines import Machines
with Machines(Path(sys.argv[1])) as machines:
    machines.start("booted")
    machines.start("plain", plain=True)
    print("up", flush=True)
    sys.stdin.read()
"""


def test_hosts_end_with_tests_that_are_killed(tmp_path: Path) -> None:
    """When the process that made two hosts is killed, no process lives on that has their files as its root."""
    if os.geteuid() != 0:
        pytest.skip("test hosts are containers: run as root")
    try:
        base_tree()
    except NoMachinesError as error:
        pytest.fail(str(error))
    folder = tmp_path / "hosts"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "up\n"
        before = _rooted(folder)
        maker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while (left := _rooted(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert len(before) > 4
    assert left == set()


def _rooted(folder: Path) -> set[int]:
    """Return the processes that see the hosts' files: those inside of the hosts, and those that hold them."""
    found = set()
    own = Path("/proc/self/ns/mnt").readlink()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "ns/mnt").readlink() != own and str(folder) in (entry / "mountinfo").read_text():
                found.add(int(entry.name))
        except OSError:  # it has ended
            continue
    return found
