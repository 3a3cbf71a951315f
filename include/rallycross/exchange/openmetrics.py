"""The figures of tasks in the OpenMetrics text format, for Prometheus and what reads its formats.

A series has the same labels in every run, so that runs are points of one line: cloud, recipe (or title), workload,
scenario, action. The time of a point is the end of its task, for `promtool tsdb create-blocks-from openmetrics`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rallycross.judging.verdict import task_verdict
from rallycross.results.figure import NUMBER, PER_SECOND, Figure, one_by_one
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.results.recipe_runs import recipe_of

_SERVICE = "service_"  # before figures of the time from the actual start
Labels = tuple[tuple[str, str], ...]


@dataclass
class _Family:
    """A metric family: what its points mean, and the points of each series by time."""

    help: str
    unit: str = ""
    kind: str = "gauge"
    points: dict[Labels, dict[float, float]] = field(default_factory=dict)

    def add(self, labels: Labels, at: float, value: float) -> None:
        self.points.setdefault(labels, {})[at] = value


_FAMILIES = {
    "rallycross_run": ("Which task a point of the other families belongs to.", "", "info"),
    "rallycross_run_passed": ("Whether the run passed: 1, or 0 if it failed or is invalid.", "", "gauge"),
    "rallycross_duration_seconds": ("Durations of whole iterations (action empty) and actions.", "seconds", "gauge"),
    "rallycross_service_duration_seconds": ("The same from the actual start, of a paced load.", "seconds", "gauge"),
    "rallycross_load_seconds": ("Duration of the load.", "seconds", "gauge"),
    "rallycross_throughput_per_second": ("Iterations, or actions, per second.", "", "gauge"),
    "rallycross_measured": ("Number of whole iterations (action empty) and actions.", "", "gauge"),
    "rallycross_failed": ("Number of those that failed.", "", "gauge"),
    "rallycross_left_out": ("Iterations that are in no other figure: warm_up, dropped.", "", "gauge"),
}


def openmetrics(tasks: Sequence[TaskRow]) -> str:
    """Return the figures of judged tasks as text; a task that has not ended has none."""
    families = {name: _Family(*about) for name, about in _FAMILIES.items()}
    for task in tasks:
        if task.ended_at is not None:
            _task(families, task, task.ended_at)
    return "".join(line for name, family in families.items() for line in _lines(name, family)) + "# EOF\n"


def _task(families: dict[str, _Family], task: TaskRow, at: float) -> None:
    own: Labels = (("cloud", task.cloud), ("recipe", recipe_of(task)))
    families["rallycross_run"].add((*own, ("task", task.uuid), ("title", task.title)), at, 1.0)
    if all(workload.passed is not None for workload in task.workloads):
        families["rallycross_run_passed"].add(own, at, float(task_verdict(task).passed))
    for workload in task.workloads:
        for one in one_by_one(workload.figures) if workload.figures else ():
            name, more = _placed(one)
            families[name].add((*own, *_of(workload), *more), at, one.value)


def _of(workload: WorkloadRow) -> Labels:
    return ("workload", str(workload.position + 1)), ("scenario", workload.scenario)


def _placed(one: Figure) -> tuple[str, Labels]:
    """Return the family of a figure, and the labels that tell it from others there."""
    action: Labels = (("action", one.action), ("depth", str(one.depth)))
    name = one.figure.removeprefix(_SERVICE)
    service = name != one.figure
    if one.unit == PER_SECOND:
        return "rallycross_throughput_per_second", (("figure", one.figure),)
    if one.unit == NUMBER and name in {"warm_up", "dropped"}:
        return "rallycross_left_out", (("figure", name),)
    if one.unit == NUMBER:
        kind: Labels = (("time", "service" if service else "whole"),)
        return ("rallycross_failed" if name == "failed" else "rallycross_measured"), (*action, *kind)
    if one.figure == "seconds":
        return "rallycross_load_seconds", ()
    return f"rallycross_{_SERVICE if service else ''}duration_seconds", (*action, ("figure", name))


def _lines(name: str, family: _Family) -> Iterator[str]:
    if not family.points:
        return
    yield f"# TYPE {name} {family.kind}\n"
    if family.unit:
        yield f"# UNIT {name} {family.unit}\n"
    yield f"# HELP {name} {_escaped(family.help)}\n"
    suffix = "_info" if family.kind == "info" else ""
    for labels, points in family.points.items():
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        for at, value in sorted(points.items()):
            yield f"{name}{suffix}{{{said}}} {value!r} {at:.3f}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
