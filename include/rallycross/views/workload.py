"""The view of one workload."""

from dataclasses import dataclass
from typing import Any

from rallycross.judging.sla import INVALID_LOAD
from rallycross.load.runners import RUNNERS
from rallycross.results.endings import ending
from rallycross.results.models import SubtaskRow, WorkloadRow
from rallycross.results.sla_row import SlaRow
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.views.durations import DurationTable, duration_table
from rallycross.views.schedule import Facts, schedule_facts


@dataclass(frozen=True)
class WorkloadView:
    """A workload with its figures."""

    uuid: str
    number: int  # in its task, from 1
    scenario: str
    title: str  # of its subtask; "" if it is just the scenario's name, as in format v1
    description: str
    runner: str
    runner_args: dict[str, Any]
    load: str  # the runner's description; "" if the runner is not known
    finished: bool
    ending: str  # name of the ending, or `running`
    error: str
    error_detail: str
    passed: bool | None  # None: not judged
    invalid: tuple[str, ...]  # why the load cannot be believed
    sla: tuple[SlaRow, ...]
    load_seconds: float | None
    full_seconds: float | None  # with contexts and cleaning
    figures: WorkloadFigures | None
    durations: DurationTable
    schedule: Facts


def workload_view(subtask: SubtaskRow, row: WorkloadRow, figures: WorkloadFigures | None) -> WorkloadView:
    """Return the view of a workload with these figures: the judged ones, or others if there are none."""
    runner = RUNNERS.get(row.runner)
    known = runner is not None and not runner.validate(row.runner_args)
    return WorkloadView(
        uuid=row.uuid,
        number=row.position + 1,
        scenario=row.scenario,
        title=subtask.title if subtask.title != row.scenario else "",
        description=row.description,
        runner=row.runner,
        runner_args=row.runner_args,
        load=runner.describe(row.runner_args) if runner and known else "",
        finished=row.status == "finished",
        ending=ending(row),
        error=row.error,
        error_detail=row.error_detail,
        passed=row.passed,
        invalid=tuple(one.detail for one in row.sla_rows if one.criterion == INVALID_LOAD),
        sla=tuple(SlaRow(one.criterion, one.passed, one.detail) for one in row.sla_rows),
        load_seconds=row.load_seconds,
        full_seconds=row.full_seconds,
        figures=figures,
        durations=duration_table(figures or WorkloadFigures()),
        schedule=schedule_facts(figures, row.reported),
    )
