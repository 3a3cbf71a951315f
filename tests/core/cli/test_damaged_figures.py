"""Damaged figures in the results database are reported, and computed again from the samples."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rallycross.benchmark.progress_log import ProgressLog
from rallycross.cli.airflow_run import task_details
from rallycross.cli.main import main
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Sample
from rallycross.results.models import ShapedJson, SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

TASK = "aaaa1111-0000-4000-8000-000000000000"


@pytest.fixture(name="store")
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Give a results database with a task that was judged."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES"):
        monkeypatch.delenv(name, raising=False)
    store = Store.open()
    task = Task("t", (Subtask("s", (Workload(0, "Nova.boot", {}, "constant", {"times": 9}, {}, {}),)),))
    [uuid] = store.tasks.begin(TASK, cloud="c", task=task, environment={}).values()
    writer = SampleWriter(tmp_path / "samples" / uuid / "0.arrows")
    for number in range(9):
        actions = [Action("nova.boot", 0, number, number + 0.4)]
        writer.add(Sample(number, 0, None, number, number + 0.5, actions=actions))
    writer.close()
    store.workloads.end(uuid, status="finished", load_seconds=9.0, full_seconds=9.0)
    store.tasks.end(TASK, status="finished")
    judge(store, TASK, samples=tmp_path / "samples")
    return store


def _workload(store: Store) -> WorkloadRow:
    task = store.tasks.get(TASK)
    assert task is not None
    return task.workloads[0]


def _damage(store: Store, change: Callable[[Any], Any]) -> None:
    """Write an invalid document, possibly not even JSON, which SQLite accepts."""
    with store.database.writing() as session:
        changed = change(json.loads(session.execute(text("SELECT statistics FROM workloads")).scalar_one()))
        written = changed if isinstance(changed, str) else json.dumps(changed)
        session.execute(text("UPDATE workloads SET statistics = :written"), {"written": written})


HEALTH = {"shard": 0, "seconds": 9.0, "cpu_seconds": 1.0, "lag_p99": 0.001, "lag_max": 0.002, "stood": []}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            {"processes": 1, "shards": [{**HEALTH, "seconds": "long"}]},
            "generator.shards[0].seconds is 'long', not a number",
        ),
        ({"processes": 1, "shards": [7]}, "generator.shards[0] is 7, not an object"),
        ({"processes": "x", "shards": [HEALTH]}, "generator.processes is 'x', not a whole number"),
        ({"shards": {"a": 1}}, "generator.shards is {'a': 1}, not a list"),
        ({"shards": [{**HEALTH, "stood": [{"since": 1.0}]}]}, "generator.shards[0].stood[0].until is missing"),
        ([], "generator is [], not an object"),
        ("{", "generator is '{', not an object"),
    ],
)
def test_a_damaged_report_of_the_load_processes_is_told(
    *, written: Any, told: str, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every view of the task names the damage, judges what is left, and does not pass."""
    _write(store, "generator", written)

    assert main(["results", "show", TASK]) == 1
    assert told in _in_a_line(capsys.readouterr().out)
    for form in ("html", "json", "junit"):
        assert main(["results", "export", TASK, "--format", form, "-o", str(tmp_path / form)]) == 1
        assert "damaged_figures" in (tmp_path / form).read_text()
    assert main(["doctor", "--deep"]) == 2
    assert told in _in_a_line(capsys.readouterr().out)
    judge(store, TASK, samples=tmp_path / "samples")


@pytest.mark.parametrize("written", [{"done": "nine"}, {"done": 9, "p50": 1, "p95": []}, [7], "{", {"elapsed": None}])
def test_damaged_progress_is_left_out(
    written: Any, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The progress of a load that has ended is in no result: what cannot be read of it changes nothing."""
    _write(store, "progress", written)

    assert main(["results", "show", TASK]) == 0
    assert main(["results", "export", TASK, "--format", "html", "-o", str(tmp_path / "page")]) == 0
    task = store.tasks.get(TASK)
    assert task is not None
    assert task_details(task)[0].startswith("1/1 Nova.boot")
    assert len(ProgressLog().lines(task)) == 1
    capsys.readouterr()


_SHAPED = [
    (table.name, column.name)
    for table in (TaskRow.__table__, SubtaskRow.__table__, WorkloadRow.__table__)
    for column in table.columns
    if isinstance(column.type, ShapedJson)
]


@pytest.mark.parametrize(("table", "column"), _SHAPED)
@pytest.mark.parametrize("written", ["{", "7", "[7]", '"x"', "null"])
def test_a_value_of_another_shape_is_told(
    *, table: str, column: str, written: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """What reads a value that is not what the program writes names the database, the value, and the remedy."""
    _write(store, column, written, table=table)

    assert main(["results", "show", TASK]) != 0
    assert "a value in it is damaged" in _in_a_line(capsys.readouterr().err)


def _write(store: Store, column: str, document: Any, *, table: str = "workloads") -> None:
    written = document if isinstance(document, str) else json.dumps(document)
    with store.database.writing() as session:
        session.execute(text(f"UPDATE {table} SET {column} = :written"), {"written": written})


def _in_a_line(said: str) -> str:
    return re.sub(r"\s+", " ", said)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one["rows"][1].update(p95="late") or one, "statistics.rows[1].p95 is 'late', not a number"),
        (lambda one: one["rows"][0].update(p50=None, min=[]) or one, "statistics.rows[0].min is [], not a number"),
        (lambda one: one.update(rows=[None, None]) or one, "statistics.rows[0] is null, not an object"),
        (lambda one: one.update(timeline={}, distribution=0) or one, "statistics.timeline.width is missing"),
        (lambda one: one.update(count="9") or one, "statistics.count is '9', not a whole number"),
        (lambda _: [], "statistics is [], not an object"),
        (lambda _: '{"count": ', "statistics is '{\"count\": ', not an object"),
    ],
)
def test_damaged_figures_are_told_and_mended(
    *, change: Callable[[Any], Any], told: str, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every view of the task names the damage and shows the rest; `doctor` restores the original figures."""
    figures, known = _workload(store).figures, store.figures.of(_workload(store).uuid)
    _damage(store, change)

    assert main(["results", "show", TASK]) == 1
    shown = _in_a_line(capsys.readouterr().out)
    assert told in shown
    assert "./rallycross doctor --deep --mend" in shown
    assert "nova.boot" in shown or "rows" in told
    for form in ("html", "json", "junit"):
        assert main(["results", "export", TASK, "--format", form, "-o", str(tmp_path / form)]) == 1
        assert "damaged_figures" in (tmp_path / form).read_text()
    for form in ("openmetrics", "markdown"):
        assert main(["results", "export", TASK, "--format", form, "-o", str(tmp_path / form)]) == 1
    assert re.search(r"^rallycross_run_passed{.*} 0.0 ", (tmp_path / "openmetrics").read_text(), re.MULTILINE)
    assert main(["results", "list"]) == 0
    assert main(["doctor", "--deep"]) == 2
    assert main(["results", "export", TASK, "--format", "csv", "-o", str(tmp_path / "csv")]) == 0

    main(["doctor", "--mend"])

    assert _workload(store).figures == figures
    assert [one.value for one in store.figures.of(_workload(store).uuid)] == [one.value for one in known]
    capsys.readouterr()
    assert main(["results", "show", TASK]) == 0
