"""Judges a task: computes the figures and SLA rows of each workload from its sample files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from rallycross.errors import RallycrossError
from rallycross.judging.batch import Batch
from rallycross.judging.generator import Overlaps
from rallycross.judging.sla import ABORTED_MANUALLY, ABORTED_ON_SLA, CRITERIA, LEFT_BEHIND, SOMETHING_WENT_WRONG
from rallycross.judging.statistics import Statistics
from rallycross.judging.validity import invalid_load
from rallycross.results.endings import NEVER_BEGAN, STOPPED, because, ending
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_damage import DAMAGED_SAMPLES, damage_detail
from rallycross.results.sample_file import read_batches
from rallycross.results.sla_row import SlaRow
from rallycross.results.stop_note import why_ended
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.task.plan import Timing

_NEVER_BEGAN = because(NEVER_BEGAN, "the task had ended before it")


@dataclass(frozen=True)
class WorkloadJudgement:
    """The judgement of one workload."""

    uuid: str
    position: int
    scenario: str
    passed: bool
    rows: tuple[SlaRow, ...]


@dataclass(frozen=True)
class Judgement:
    """The judgement of a task."""

    task: str  # uuid
    workloads: tuple[WorkloadJudgement, ...]

    @property
    def passed(self) -> bool:
        """Whether there are workloads, and all of them passed."""
        return bool(self.workloads) and all(workload.passed for workload in self.workloads)


def judge(store: Store, task_uuid: str, *, samples: Path | None = None) -> Judgement:
    """Judge the workloads of a task whose load has ended, in whatever way, and store the judgements.

    `samples` is the folder of the sample files (default: from the settings). Call it only when no process drives the
    task's load: a workload that is still `running` has lost its process and is closed as `crashed`.
    """
    task = store.tasks.get(task_uuid)
    if task is None:
        raise RallycrossError(f"task {task_uuid}: not in the results database - has the benchmark begun?")
    samples = samples or settings().samples
    if when := next(filter(None, (pruned_at(samples / one.uuid) for one in task.workloads)), ""):
        raise RallycrossError(
            f"task {task_uuid}: its samples were pruned at {when}, and its figures cannot be computed again"
            " - the judgement that it has stays"
        )
    told: set[str] = set()  # leftovers of shared contexts are reported only once
    judged = tuple(_judge_workload(store, task, workload, samples, told) for workload in task.workloads)
    if task.status == "running":
        store.tasks.end(task_uuid, status="crashed")
    return Judgement(task_uuid, judged)


def _judge_workload(
    store: Store, task: TaskRow, workload: WorkloadRow, samples: Path, told: set[str]
) -> WorkloadJudgement:
    statistics, overlaps = Statistics(), Overlaps.of(workload.reported)
    criteria = [CRITERIA[name](argument) for name, argument in workload.sla.items()]
    for record in read_batches(samples / workload.uuid):
        batch = Batch(record, timing=cast("Timing", task.timing))
        statistics.add(batch)
        overlaps.add(batch)
        for criterion in criteria:
            criterion.add(batch)
    figures = replace(statistics.close(), stood=overlaps.close())
    if workload.status == "running":
        workload.status, workload.error = "crashed", why_ended(task)
        store.workloads.end(
            workload.uuid,
            status="crashed",
            error=workload.error,
            load_seconds=figures.seconds,
            contexts=workload.contexts_done,
            generator=workload.generator,
        )
    for criterion in criteria:
        criterion.learn(workload.contexts_done)
    rows = [criterion.close() for criterion in criteria]
    rows += _rows_beside_the_criteria(workload, measured=figures.count)
    left = [detail for detail in _left_behind(workload) if detail not in told]
    told.update(left)
    rows += [SlaRow(LEFT_BEHIND, passed=False, detail=detail) for detail in left]
    if damage := damage_detail(workload, samples):
        rows.append(SlaRow(DAMAGED_SAMPLES, passed=False, detail=damage))
    missed = {row.criterion for row in rows if not row.passed}
    if invalid := invalid_load(figures, workload.reported, workload.sla, missed=missed):
        rows.append(invalid)
    passed = all(row.passed for row in rows)
    store.workloads.save_judgement(workload.uuid, figures=figures, sla=rows, passed=passed)
    return WorkloadJudgement(workload.uuid, workload.position, workload.scenario, passed, tuple(rows))


def _left_behind(workload: WorkloadRow) -> Iterator[str]:
    """Yield the name of each context that could not delete everything, with the leftovers and reasons."""
    for context in workload.contexts_done:
        if error := (context.get("cleanup") or {}).get("error"):
            lines = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
            yield f"{context.get('plugin_name', 'a context')}: {lines}"


def _rows_beside_the_criteria(workload: WorkloadRow, *, measured: int) -> list[SlaRow]:
    """Return a row if the load did not finish or did not run, which no criterion covers."""
    match workload.status:
        case "crashed" | "aborted" if workload.error and ending(workload) != STOPPED:
            return [SlaRow(SOMETHING_WENT_WRONG, passed=False, detail=workload.error)]
        case "aborted_on_sla":
            return [
                SlaRow(ABORTED_ON_SLA, passed=False, detail=workload.error or "stopped because a criterion was missed")
            ]
        case "aborted" | "crashed":
            return [SlaRow(ABORTED_MANUALLY, passed=False, detail=workload.error or STOPPED)]
        case "init":
            return [SlaRow(SOMETHING_WENT_WRONG, passed=False, detail=_NEVER_BEGAN)]
        case _ if not measured:
            return [SlaRow(SOMETHING_WENT_WRONG, passed=False, detail="no iteration was measured")]
        case _:
            return []
