"""`down` says why the loads end that it ends."""

from pathlib import Path
from uuid import uuid4

import pytest

from rallycross.cli.stopping import say_why
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.results.endings import STOPPED, because
from rallycross.results.reference import reference
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

TASK = reference("d", "down", "benchmark")


def _running(store: Store) -> None:
    """Have a task in mid-load whose process will be gone."""
    load = Workload(0, "A.b", {}, "constant", {"times": 6}, {}, {"failure_rate": {"max": 0}})
    uuids = store.tasks.begin(TASK, cloud="c", task=Task("T", (Subtask("s", (load,)),)), environment={})
    store.workloads.begin(uuids[0])


def test_a_load_that_down_has_ended_was_stopped_by_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its process was killed before it could say so itself; who says why first is who did it."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store = Store.open()
    _running(store)
    say_why(because(STOPPED, "./rallycross down"))
    store.tasks.stop(TASK, "scheduler lost: its process 7 is gone")
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert reason == "Workload 1, A.b, did not pass: aborted_manually: stopped by user: ./rallycross down."


def test_a_load_that_nobody_has_stopped_has_lost_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that says running, with nothing that runs: killed, and not stopped by a user."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store = Store.open()
    _running(store)
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert reason.startswith("Workload 1, A.b, did not pass: something_went_wrong: process killed: the one that ran")


def test_a_load_of_the_command_line_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` ends what Airflow runs: a `./rallycross run` beside it is told no reason that would not be true."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store, uuid = Store.open(), str(uuid4())
    store.tasks.begin(uuid, cloud="c", task=Task("T", ()), environment={})
    say_why(because(STOPPED, "./rallycross down"))
    row = store.tasks.get(uuid)
    assert row is not None
    assert (row.status, row.stop_reason) == ("running", "")
