"""The reason for stopping a stage is determined correctly from inside the stage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout
from eventual import eventually

from operators.stage import StoppableOperator, parent

# A process called scheduler, its worker, and a task's process, each of which waits to be killed.
_WORKER = f"""
import subprocess, sys
subprocess.Popen([sys.executable, {__file__!r}, sys.argv[1]]).wait()
"""
_SCHEDULER = """
import subprocess, sys
import time; subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]]).wait(); time.sleep(60)
"""


class Stage(StoppableOperator):
    """A stage that stores its reasons in a list."""

    reasons: list[str]

    def keep_reason(self, reason: str) -> None:
        """Store the reason."""
        self.reasons.append(reason)


def made() -> Stage:
    """Return a stage without a reason."""
    stage = Stage(task_id="stage")
    stage.reasons = []
    return stage


def test_a_task_that_is_ended_while_worker_and_scheduler_live_was_stopped_by_a_user() -> None:
    """If worker and scheduler are alive, a stopped task was stopped by a user, in the UI or by the API."""
    stage = made()
    stage.watch_worker()
    stage.on_kill()
    assert stage.stop.is_set()
    assert [reason.partition(":")[0] for reason in stage.reasons] == ["stopped by user"]


def test_a_task_that_took_too_long_was_not_stopped_by_anybody() -> None:
    """A time-out, for which Airflow calls the same method, has its own reason."""
    stage = made()
    with pytest.raises(AirflowTaskTimeout):
        _take_too_long(stage)
    assert [reason.partition(":")[0] for reason in stage.reasons] == ["timed out"]


@pytest.mark.parametrize(("victim", "name"), [("worker", "worker lost"), ("scheduler", "scheduler lost")])
def test_what_was_killed_is_what_is_named(victim: str, name: str, tmp_path: Path) -> None:
    """After kill -9 of the worker, or of the scheduler with its workers, that process is the reason."""
    told = tmp_path / "told"
    command = [sys.executable, "-c", _SCHEDULER, str(told), _WORKER, "scheduler"]
    # The task's process is this file, run as a program: it needs the path that pytest has made.
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as scheduler:
        try:
            assert eventually(lambda: told.exists() and told.read_text().endswith("\n"))
            task = int(told.read_text())
            worker = parent(task)
            assert parent(worker) == scheduler.pid
            for pid in (scheduler.pid, worker) if victim == "scheduler" else (worker,):
                os.kill(pid, 9)
            if victim == "scheduler":
                scheduler.wait()
            assert eventually(lambda: "lost" in told.read_text())
            assert told.read_text().splitlines()[-1].startswith(f"{name}: its process ")
        finally:
            scheduler.kill()


def _take_too_long(stage: Stage) -> None:
    """Do what Airflow does at a task's time-out."""
    try:
        raise AirflowTaskTimeout  # noqa: TRY301 - as its timer does
    except AirflowTaskTimeout:
        stage.on_kill()
        raise


def be_a_task(told: Path) -> None:
    """Watch the worker of this process, and print the reason for a stop."""
    stage = made()
    stage.watch_worker()
    told.write_text(f"{os.getpid()}\n")
    stage.stop.wait(60)
    told.write_text(f"{os.getpid()}\n{stage.reasons[0]}")


if __name__ == "__main__":
    be_a_task(Path(sys.argv[1]))
