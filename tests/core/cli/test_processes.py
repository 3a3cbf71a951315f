"""Processes are found and ended by a variable in their environment, whatever their parent."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rallycross.cli.airflow.processes import end, marked

NAME = "RALLYCROSS_TEST_MARK"


def start(mark: str, code: str) -> subprocess.Popen[bytes]:
    """Start a Python process with a mark; return when it has said that it runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys, time, signal, os\n{code}\nprint('up', flush=True)\ntime.sleep(60)"],
        env={**os.environ, NAME: mark},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def reap(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process that has been ended."""
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(timeout=10)


def test_finds_only_what_has_the_mark(tmp_path: Path) -> None:
    """A process with another value, or one that only begins the same, is not found."""
    mine, other = start(str(tmp_path), ""), start(f"{tmp_path}-other", "")
    try:
        assert [process.pid for process in marked(NAME, str(tmp_path))] == [mine.pid]
        assert marked(NAME, str(tmp_path))[0].group == mine.pid
        assert "time.sleep(60)" in marked(NAME, str(tmp_path))[0].command
    finally:
        for process in (mine, other):
            process.kill()
            reap(process)


def test_ends_a_process_that_has_lost_its_parent(tmp_path: Path) -> None:
    """A child whose parent was killed is found and ended too."""
    parent = start(str(tmp_path), "child = os.fork()\nif child == 0:\n    os.setsid(); time.sleep(60)")
    try:
        deadline = time.monotonic() + 10
        while len(marked(NAME, str(tmp_path))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
        parent.wait(timeout=10)
        orphans = marked(NAME, str(tmp_path))
        assert len(orphans) == 1
        assert [process.pid for process in end(lambda: marked(NAME, str(tmp_path)), grace=5)] == [orphans[0].pid]
        assert marked(NAME, str(tmp_path)) == []
    finally:
        end(lambda: marked(NAME, str(tmp_path)), grace=0)
        reap(parent)


@pytest.mark.parametrize(("code", "ended_by"), [("", -15), ("signal.signal(15, signal.SIG_IGN)", -9)])
def test_kills_what_does_not_listen(tmp_path: Path, code: str, ended_by: int) -> None:
    """Only a process that ignores SIGTERM is killed after the grace period."""
    process = start(str(tmp_path), code)

    end(lambda: marked(NAME, str(tmp_path)), grace=0.3)

    assert reap(process) == ended_by


def test_ending_nothing_is_fine(tmp_path: Path) -> None:
    """Without matching processes, nothing is ended."""
    assert end(lambda: marked(NAME, str(tmp_path)), grace=1) == []
