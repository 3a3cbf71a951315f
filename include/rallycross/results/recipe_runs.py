"""The store's part for the runs of one recipe on one cloud, whose figures are its history."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import load_only, selectinload

from rallycross.results.models import FigureRow, SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.reference import RECIPE_TAG
from rallycross.results.store_part import StorePart
from rallycross.results.tasks import has_tag

_MANY = 500  # uuids in one query: databases limit its parameters

_COLUMNS = (
    load_only(TaskRow.uuid, TaskRow.cloud, TaskRow.timing, TaskRow.environment, TaskRow.started_at),
    selectinload(TaskRow.subtasks).options(
        load_only(SubtaskRow.position),
        selectinload(SubtaskRow.workloads).load_only(
            WorkloadRow.position,
            WorkloadRow.scenario,
            WorkloadRow.args,
            WorkloadRow.runner,
            WorkloadRow.runner_args,
            WorkloadRow.contexts,
            WorkloadRow.status,
        ),
    ),
)


@dataclass(frozen=True)
class RecipeRun:
    """A finished run of a recipe."""

    task: TaskRow
    figures: dict[str, list[FigureRow]] = field(default_factory=dict)  # by the uuid of the workload


def recipe_of(task: TaskRow) -> str:
    """Return the recipe that a task is a run of: the name in its tag `recipe:NAME`, else its title."""
    return next((tag.removeprefix(RECIPE_TAG) for tag in task.tags if tag.startswith(RECIPE_TAG)), task.title)


class RecipeRuns(StorePart):
    """Reads the history of a recipe."""

    def until(self, last: TaskRow, *, figures: Iterable[str], limit: int) -> list[RecipeRun]:
        """Return the latest finished runs of a task's recipe on its cloud up to this task, oldest first.

        An imported run is part of the history only if it has the recipe's tag: a title alone says too little of it.
        """
        query = (
            select(TaskRow)
            .options(*_COLUMNS)
            .where(TaskRow.cloud == last.cloud, TaskRow.status == "finished", TaskRow.started_at <= last.started_at)
            .order_by(TaskRow.started_at.desc(), TaskRow.uuid)
            .limit(limit)
        )
        tag = next((tag for tag in last.tags if tag.startswith(RECIPE_TAG)), None)
        if tag is None:
            query = query.where(TaskRow.title == last.title, TaskRow.origin == "")
        else:
            query = query.where(has_tag(self.database.engine, tag))
        with self.database.reading() as session:
            runs = [RecipeRun(task) for task in session.scalars(query)][::-1]
            by_uuid = {workload.uuid: run for run in runs for workload in run.task.workloads}
            uuids = list(by_uuid)
            for start in range(0, len(uuids), _MANY):
                found = select(FigureRow).where(
                    FigureRow.workload_uuid.in_(uuids[start : start + _MANY]), FigureRow.figure.in_(list(figures))
                )
                for figure in session.scalars(found.order_by(FigureRow.id)):
                    by_uuid[figure.workload_uuid].figures.setdefault(figure.workload_uuid, []).append(figure)
        return runs
