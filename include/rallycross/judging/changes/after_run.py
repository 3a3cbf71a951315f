"""Judges the history of a recipe after one of its runs, and stores the changes that it finds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rallycross.errors import RallycrossError
from rallycross.judging.changes.detector import Finding, Series, State, detect
from rallycross.judging.changes.series import (
    STORED,
    History,
    Point,
    SeriesKey,
    histories,
    is_worse,
    least_step,
    relative,
)
from rallycross.judging.run_comparison import circumstances
from rallycross.results.changes import Change
from rallycross.results.models import ChangeRow, TaskRow
from rallycross.results.recipe_runs import RecipeRun, recipe_of
from rallycross.results.store import Store
from rallycross.settings import settings


@dataclass(frozen=True)
class Suspicion:
    """A series that looks changed, without a confirmation so far."""

    scenario: str
    position: int
    action: str
    figure: str
    worse: bool
    size: float | None  # None: only the newest run is far off


@dataclass(frozen=True)
class HistoryJudgement:
    """What the history of a recipe says after a run."""

    recipe: str
    cloud: str
    runs: int  # in the history
    series: int  # that the run continues
    changes: list[ChangeRow]  # found after this run
    suspicions: list[Suspicion]

    @property
    def confirm(self) -> bool:
        """Whether a confirmation run is asked for."""
        return bool(self.suspicions)


def judge_history(store: Store, task_uuid: str) -> HistoryJudgement:
    """Judge the history of a task's recipe on its cloud up to this task, and store the changes.

    A second call returns the same changes, and stores none. Raise `RallycrossError` without such a task.
    """
    task = store.tasks.get(task_uuid)
    if task is None:
        raise RallycrossError(f"task {task_uuid}: there is no such task - ./rallycross results list shows all")
    recipe = recipe_of(task)
    runs = store.recipe_runs.until(task, figures=STORED, limit=settings().history_runs)
    newest = next((index for index, run in enumerate(runs) if run.task.uuid == task_uuid), None)
    changes_of = _last_changes(store.changes.latest(cloud=task.cloud, recipe=recipe), task)
    whole = {key: history for key, history in histories(runs).items() if history.points[-1].run == newest}
    parts = {
        key: _parts(history.points, runs, changes_of.get(key.digest(task.cloud, recipe), []))
        for key, history in whole.items()
    }
    continued = {key: History(own) for key, (_, own) in parts.items()}
    findings = detect({key: _series(key, *parts[key]) for key in whole})
    changes = [
        _change(task, runs, key, history=continued[key], found=found)
        for key, found in findings.items()
        if found.state is State.CHANGE
    ]
    store.changes.add(changes)
    suspicions = [
        _suspicion(key, continued[key], found) for key, found in findings.items() if found.state is State.SUSPICION
    ]
    return HistoryJudgement(
        recipe, task.cloud, len(runs), len(continued), store.changes.found_by(task_uuid), suspicions
    )


def _last_changes(rows: Sequence[ChangeRow], task: TaskRow) -> dict[str, list[ChangeRow]]:
    """Return the changes of each series that began before this task, the newest first."""
    last: dict[str, list[ChangeRow]] = {}
    for row in sorted(rows, key=lambda row: -row.began_at):
        if row.began_at <= task.started_at:
            last.setdefault(row.series, []).append(row)
    return last


def _parts(
    points: list[Point], runs: Sequence[RecipeRun], changes: Sequence[ChangeRow]
) -> tuple[list[float], list[Point]]:
    """Return the values between the last two changes, moved to the level since the last one, and the points since."""
    if not changes:
        return [], points
    began = [row.began_at for row in changes[:2]]
    own = [one for one in points if runs[one.run].task.started_at >= began[0]]
    before = [one.value for one in points if began[-1] <= runs[one.run].task.started_at < began[0]]
    if len(began) == 1:
        before = [one.value for one in points if runs[one.run].task.started_at < began[0]]
    if not before or not own:
        return [], own or points
    moved = np.median([one.value for one in own[: changes[0].runs]]) - np.median(before)
    return [float(value + moved) for value in before], own


def _series(key: SeriesKey, earlier: list[float], own: list[Point]) -> Series:
    values = [point.value for point in own]
    least = least_step(key.figure, settings().least_change, float(np.median(values)))
    return Series(values, History(own).floor, least, earlier)


def _change(task: TaskRow, runs: Sequence[RecipeRun], key: SeriesKey, *, history: History, found: Finding) -> Change:
    assert found.step is not None  # a change has a size
    recipe = recipe_of(task)
    first, newest = history.points[-found.length], history.points[-1]
    before = history.points[-found.length - 1]
    level = float(np.median([point.value for point in history.points[: -found.length]]))
    size, low, high = (relative(key.figure, one, level) for one in (found.step.size, found.step.low, found.step.high))
    return Change(
        series=key.digest(task.cloud, recipe),
        cloud=task.cloud,
        recipe=recipe,
        scenario=newest.workload.scenario,
        position=newest.workload.position,
        action=key.action,
        depth=key.depth,
        figure=key.figure,
        worse=is_worse(key.figure, found.step.size),
        size=size,
        low=low,
        high=high,
        runs=found.length,
        first_task=runs[first.run].task.uuid,
        began_at=runs[first.run].task.started_at,
        found_task=task.uuid,
        environment=[
            {"what": one.name, "before": ", ".join(one.first), "after": ", ".join(one.second)}
            for one in circumstances.of_runs([runs[before.run].task], [runs[first.run].task])
        ],
    )


def _suspicion(key: SeriesKey, history: History, found: Finding) -> Suspicion:
    newest = history.points[-1]
    values = [point.value for point in history.points]
    level = float(np.median(values))
    step = found.step.size if found.step else newest.value - level
    return Suspicion(
        scenario=newest.workload.scenario,
        position=newest.workload.position,
        action=key.action,
        figure=key.figure,
        worse=is_worse(key.figure, step),
        size=relative(key.figure, found.step.size, level) if found.step else None,
    )
