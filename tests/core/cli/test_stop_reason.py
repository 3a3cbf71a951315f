"""`down` records why it stops loads."""

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from rallycross.cli.stop_reason import record_stop_reason
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.results.endings import SCHEDULER_LOST, STOPPED, because
from rallycross.results.reference import reference
from rallycross.results.stop_note import STOP_NOTE, noted_reason
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

TASK = reference("d", "down", "benchmark")


def _running(store: Store) -> None:
    """Store a task in mid-load whose process will be gone."""
    load = Workload(0, "A.b", {}, "constant", {"times": 6}, {}, {"failure_rate": {"max": 0}})
    uuids = store.tasks.begin(TASK, cloud="c", task=Task("T", (Subtask("s", (load,)),)), environment={})
    store.workloads.begin(uuids[0])


def test_a_load_that_down_has_ended_was_stopped_by_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict has the reason even if the process was killed before it could record one; the first reason counts."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store = Store.open()
    _running(store)
    record_stop_reason(because(STOPPED, "./rallycross down"))
    store.tasks.stop(TASK, "scheduler lost: its process 7 is gone")
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert reason == "Workload 1, A.b, did not pass: aborted_manually: stopped by user: ./rallycross down."


def test_a_load_that_nobody_has_stopped_has_lost_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is recorded as running without a process was killed, not stopped by a user."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store = Store.open()
    _running(store)
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert reason.startswith("Workload 1, A.b, did not pass: something_went_wrong: process killed: the one that ran")


def test_a_load_of_the_command_line_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` records no reason for a simultaneous `./rallycross run`, which it does not stop."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    store, uuid = Store.open(), str(uuid4())
    store.tasks.begin(uuid, cloud="c", task=Task("T", ()), environment={})
    record_stop_reason(because(STOPPED, "./rallycross down"))
    row = store.tasks.get(uuid)
    assert row is not None
    assert (row.status, row.stop_reason) == ("running", "")


@pytest.mark.parametrize("lost", [False, True], ids=["locked", "told too late"])
def test_a_reason_that_the_database_could_not_be_told_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lost: bool
) -> None:
    """A locked database does not delay the stop, and the judge still finds the reason."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    monkeypatch.setenv("RALLYCROSS_END_GRACE", "0.2")
    monkeypatch.setenv("RALLYCROSS_DATABASE_LIMIT", "0.1")
    store = Store.open()
    _running(store)
    other = sqlite3.connect(tmp_path / "results.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    record_stop_reason(because(SCHEDULER_LOST, "Airflow's supervisor, process 7, has died"))
    other.close()
    if lost:  # as a task says that sees its worker die, and had read the note
        store.tasks.stop(TASK, noted_reason(0))
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert reason.endswith("something_went_wrong: scheduler lost: Airflow's supervisor, process 7, has died.")


def test_an_old_note_is_no_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note does not apply to a load that began after it; without a note there is no reason."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    assert noted_reason(0) == ""
    record_stop_reason(because(STOPPED, "./rallycross down"))
    store = Store.open()
    _running(store)
    judge(store, TASK, samples=tmp_path)
    [reason] = verdict(store, task=TASK).reasons
    assert "process killed: the one that ran" in reason
    (tmp_path / STOP_NOTE).write_text("{")
    assert noted_reason(0) == ""
