"""Figures as OpenMetrics, read by Prometheus's own parser."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed

from rallycross.exchange.openmetrics import openmetrics
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.models import TaskRow
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

UUID = "aaaa1111-0000-4000-8000-000000000000"


@pytest.fixture(name="task")
def _task(sqlite_store: Store, tmp_path: Path) -> TaskRow:
    """Return a judged task of which one iteration failed."""
    workload = Workload(0, "Nova.boot", {}, "serial", {"times": 4}, {}, {})
    plan = Task('First "one" \\ here', (Subtask("s", (workload,)),), tags=("recipe:nightly",))
    (own,) = sqlite_store.tasks.begin(UUID, cloud="c", task=plan, environment={}).values()
    sqlite_store.workloads.begin(own)
    writer = SampleWriter(tmp_path / own / "0.arrows")
    for number in range(4):
        failure = Failure("Boom", "it broke") if number == 3 else None
        actions = [Action("nova.boot", 0, number, number + 0.5), Action("nova.wait", 1, number, number + 0.25)]
        writer.add(Sample(number, 0, None, number, number + 1.0, failure=failure, actions=actions))
    writer.close()
    sqlite_store.workloads.end(own, status="finished", load_seconds=4.0, full_seconds=4.0)
    sqlite_store.tasks.end(UUID, status="finished")
    judge(sqlite_store, UUID, samples=tmp_path)
    row = sqlite_store.tasks.get(UUID)
    assert row is not None
    return row


def points(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[float, float]]]:
    """Return the points of each series."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[float, float]]] = {}
    for family in parsed(text):
        for one in family.samples:
            found.setdefault((one.name, frozenset(one.labels.items())), []).append((float(one.timestamp), one.value))
    return found


def test_each_figure_is_a_point_of_a_series(task: TaskRow) -> None:
    """Every stored figure is there with its value, and the end of the task as its time."""
    found = points(openmetrics([task]))
    own = {("cloud", "c"), ("recipe", "nightly")}
    of = own | {("workload", "1"), ("scenario", "Nova.boot")}
    whole = of | {("action", ""), ("depth", "0")}
    wait = of | {("action", "nova.wait"), ("depth", "1")}
    assert task.ended_at is not None

    def value(name: str, *labels: set[tuple[str, str]]) -> float:
        ((at, number),) = found[name, frozenset().union(*labels)]
        assert math.isclose(at, task.ended_at or 0, abs_tol=0.001)
        return number

    figures = task.workloads[0].figures
    assert figures is not None
    assert figures.total is not None
    assert value("rallycross_duration_seconds", whole, {("figure", "p95")}) == figures.total.p95
    assert value("rallycross_duration_seconds", wait, {("figure", "max")}) == 0.25
    assert value("rallycross_failed", whole, {("time", "whole")}) == 1
    assert value("rallycross_measured", wait, {("time", "whole")}) == 4
    assert value("rallycross_throughput_per_second", of, {("figure", "throughput")}) == figures.throughput
    assert value("rallycross_run_passed", own) in {0.0, 1.0}
    assert value("rallycross_run_info", own, {("task", UUID), ("title", 'First "one" \\ here')}) == 1


def test_runs_are_points_of_the_same_series(task: TaskRow) -> None:
    """A later run has the same series as an earlier one, so that both are points of the same lines."""
    assert task.ended_at is not None
    alone = points(openmetrics([task]))
    text = openmetrics([task])
    task.ended_at += 100.0
    later = openmetrics([task])
    assert {name for name, _ in points(later)} == {name for name, _ in alone}
    assert points(text).keys() == points(later).keys()


def test_a_task_that_has_not_ended_has_no_figures(task: TaskRow) -> None:
    """A running task, and no tasks at all, are an empty document that the parser accepts."""
    task.ended_at = None
    assert list(parsed(openmetrics([task]))) == []
    assert openmetrics([]) == "# EOF\n"


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_title_can_be_read_back(cloud: str, title: str) -> None:
    """Whatever a cloud or a title is called, the parser reads it back as it was."""
    row = TaskRow(uuid="u", cloud=cloud, title=title, tags=[], started_at=1.0, ended_at=2.0, subtasks=[])
    ((_, labels),) = [key for key in points(openmetrics([row])) if key[0] == "rallycross_run_info"]
    assert {("cloud", cloud), ("title", title)} <= labels
