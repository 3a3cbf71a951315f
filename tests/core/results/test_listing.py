"""A list of tasks and verifications only reads the columns that it shows."""

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm.exc import DetachedInstanceError

from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.views.history import latest

_WORKLOAD = Workload(0, "Nova.boot", {}, "serial", {}, {}, {})


def _judge(store: Store, number: int, *rows: SlaRow) -> None:
    uuid = f"{number:08}-0000-4000-8000-000000000000"
    [workload] = store.tasks.begin(
        uuid, cloud="c", task=Task(f"{number}", (Subtask("s", (_WORKLOAD,)),)), environment={}
    ).values()
    store.workloads.end(workload, status="finished")
    passed = all(row.passed for row in rows)
    store.workloads.save_judgement(workload, figures=WorkloadFigures(count=1), sla=rows, passed=passed)
    store.tasks.end(uuid, status="finished")


def _statements(store: Store, last: int) -> list[str]:
    """Return the statements that a list sends to the database."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        assert len(latest(store, last=last)) == last
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)
    return asked


def test_a_list_reads_no_figures_and_asks_once_for_all(store: Store) -> None:
    """The number of queries does not grow with the list, and no document of a workload is read."""
    for number in range(12):
        _judge(store, number)

    asked = _statements(store, 12)

    assert len(asked) == len(_statements(store, 3))
    assert not [one for one in asked if "statistics" in one or "tasks.source" in one or "contexts_done" in one]


def test_each_task_has_the_word_of_its_verdict(store: Store) -> None:
    """Passed, failed, invalid, running and unjudged tasks have different words."""
    _judge(store, 1, SlaRow("failure_rate", passed=True, detail="none failed"))
    _judge(store, 2, SlaRow("failure_rate", passed=False, detail="all failed"))
    _judge(store, 3, SlaRow(INVALID_LOAD, passed=False, detail="late"))
    task = Task("4", (Subtask("s", (_WORKLOAD,)),))
    for number in (4, 5):
        store.tasks.begin(f"{number:08}-0000-4000-8000-000000000000", cloud="c", task=task, environment={})
    store.tasks.end("00000005-0000-4000-8000-000000000000", status="aborted")

    assert [one.verdict for one in latest(store)] == ["passed", "failed", "invalid", "running", "not judged"]


def test_what_a_list_does_not_show_is_not_guessed(store: Store) -> None:
    """Reading a column that was not loaded raises an error."""
    _judge(store, 1)
    [row] = store.tasks.latest()

    with pytest.raises(DetachedInstanceError):
        _ = row.workloads[0].statistics
