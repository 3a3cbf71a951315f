"""Whatever dies in mid-load, the run ends soon, with a verdict: held against a real Airflow.

The DAG has the shape of `cloud_lifecycle`: a load that polls its stop event, and teardowns of which the last may fail
the run. Each attempt of the load notes in a file what becomes of it.
"""

import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rallycross.cli.airflow_settings import MARK
from rallycross.cli.processes import Process, end, marked
from rallycross.cli.server import DAG, AirflowServer, free_port

pytestmark = pytest.mark.e2e  # minutes, not seconds: Airflow has to miss what was killed

PROBE = """
    import os, time
    from datetime import timedelta
    from airflow.sdk import DAG, BaseOperator
    from operators.stage import StoppableOperator

    def note(context, text):
        with open({notes!r}, "a") as file:
            file.write(f"{{context['run_id']}} {{context['ti'].task_id}} {{text}}\\n")

    class Load(StoppableOperator):
        def execute(self, context):
            note(context, f"began {{os.getpid()}} {{os.getppid()}}")
            if context["ti"].try_number > 1:
                raise RuntimeError("interrupted")
            self.watch_worker()
            while not self.stop.wait(0.1):
                pass
            note(context, "stopped")

    class Judge(BaseOperator):
        def execute(self, context):
            note(context, "ran")

    class Verdict(BaseOperator):
        def execute(self, context):
            note(context, "ran")
            raise RuntimeError("not passed")

    with DAG("cloud_lifecycle", schedule=None, default_args={{"execution_timeout": timedelta(minutes=10)}}):
        judge = Judge(task_id="judge").as_teardown()
        verdict = Verdict(task_id="verdict").as_teardown(on_failure_fail_dagrun=True)
        Load(task_id="load", retries=0) >> judge >> verdict
"""


class Probe:
    """A server, and one run of the DAG on it."""

    def __init__(self, server: AirflowServer, notes: Path) -> None:
        self.server = server
        self.notes = notes
        self.run_id = ""

    def trigger(self, run_id: str) -> int:
        """Start a run; return the process of its load when it has begun."""
        self.run_id = run_id
        self.server.api().post(f"/dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": {}})
        assert eventually(lambda: bool(self.noted("load")), 60)
        return int(self.noted("load")[0].split()[1])

    def noted(self, task: str) -> list[str]:
        """Return what a task of the run has noted."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [line.split(" ", 2)[2] for line in lines if line.startswith(f"{self.run_id} {task} ")]

    def state(self) -> Any:
        """Return the state of the run."""
        return self.server.api().get(f"/dags/{DAG}/dagRuns/{self.run_id}")["state"]

    def processes(self) -> list[Process]:
        """Return all processes of the server."""
        return marked(MARK, str(self.server.folder))


def eventually(true: Callable[[], bool], limit: float) -> bool:
    """Wait for something to become true."""
    deadline = time.monotonic() + limit
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.fixture(name="probe", scope="module")
def _probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    """Start an Airflow that has the probing DAG."""
    folder = tmp_path_factory.mktemp("probe")
    notes = folder / "notes"
    (folder / "dags").mkdir()
    (folder / "dags/probe.py").write_text(textwrap.dedent(PROBE).format(notes=str(notes)))
    probe = Probe(AirflowServer(folder / "airflow", checkout=folder, wanted_port=free_port(0)), notes)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
    try:
        probe.server.up(environment, limit=180, tell=lambda _: None)
        yield probe
    finally:
        end(probe.processes, grace=5)


def test_a_run_that_is_marked_failed_stops_its_load_and_fails(probe: Probe) -> None:
    """The load is told to stop and does; judging and the verdict still run; the run is failed, not a success."""
    probe.trigger("marked")

    probe.server.api().patch(f"/dags/{DAG}/dagRuns/marked", {"state": "failed"})

    assert eventually(lambda: probe.noted("load")[-1] == "stopped", 30)
    assert eventually(lambda: probe.noted("verdict") == ["ran"], 60)
    assert probe.noted("judge") == ["ran"]
    assert eventually(lambda: probe.state() == "failed", 60)


def test_a_killed_task_fails_the_run_at_once(probe: Probe) -> None:
    """When the load's own process is killed, its worker says so within seconds."""
    process = probe.trigger("task_killed")

    os.kill(process, signal.SIGKILL)

    assert eventually(lambda: probe.state() == "failed", 60)
    assert (probe.noted("judge"), probe.noted("verdict")) == (["ran"], ["ran"])


def test_a_killed_worker_is_missed(probe: Probe) -> None:
    """When the worker above the load is killed, the load stops by itself, and the run fails within two minutes."""
    probe.trigger("worker_killed")

    os.kill(int(probe.noted("load")[0].split()[2]), signal.SIGKILL)

    assert eventually(lambda: probe.noted("load")[-1] == "stopped", 30)
    assert eventually(lambda: probe.state() == "failed", 120)
    assert probe.noted("judge") == ["ran"]
    assert probe.noted("verdict")[-1] == "ran"


def test_a_killed_scheduler_takes_the_load_up_again(probe: Probe) -> None:
    """The next scheduler ends what the killed one has left, and runs the task again."""
    process = probe.trigger("scheduler_killed")
    scheduler = int((probe.server.folder / "scheduler.pid").read_text())

    os.kill(scheduler, signal.SIGKILL)

    assert eventually(lambda: process not in {found.pid for found in probe.processes()}, 30)
    assert eventually(lambda: len([line for line in probe.noted("load") if line.startswith("began")]) == 2, 120)
    assert eventually(lambda: probe.state() == "failed", 120)
    assert probe.noted("judge") == ["ran"]
    assert probe.noted("verdict")[-1] == "ran"
