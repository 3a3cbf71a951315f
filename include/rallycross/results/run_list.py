"""The store's part for the list of runs: tasks and verifications together, filtered, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Select, and_, exists, func, or_, select

from rallycross.results.models import TaskRow, VerificationRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.reference import RECIPE_TAG
from rallycross.results.store_part import StorePart
from rallycross.results.tasks import LISTED, has_tag

Kind = Literal["task", "verification"]
Verdict = Literal["passed", "failed", "invalid", "running", "not judged"]
KINDS: tuple[Kind, ...] = get_args(Kind)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; "" and None mean any. Verifications have no title and no tags."""

    kind: Kind | Literal[""] = ""
    cloud: str = ""
    title: str = ""  # of the task file, or the recipe's name in a tag
    tag: str = ""
    verdict: Verdict | Literal[""] = ""
    since: float | None = None  # the earliest start, in seconds since the epoch
    until: float | None = None  # the latest


@dataclass(frozen=True)
class Marker:
    """The last run of a page: the next page begins after it."""

    started_at: float
    uuid: str


class RunList(StorePart):
    """Lists runs, the newest first."""

    def page(self, wanted: RunFilter, *, after: Marker | None = None, limit: int) -> list[TaskRow | VerificationRow]:
        """Return runs after a marker, with the columns that a list shows.

        Runs of another verdict than the wanted one may be among them: a verdict is not a column. See `views.runs`.
        """
        rows: list[TaskRow | VerificationRow] = []
        with self.database.reading() as session:
            if wanted.kind != "verification":
                query = select(TaskRow).options(*LISTED)
                if wanted.title:
                    of_recipe = has_tag(self.database.engine, f"{RECIPE_TAG}{wanted.title}")
                    query = query.where((TaskRow.title == wanted.title) | of_recipe)
                if wanted.tag:
                    query = query.where(has_tag(self.database.engine, wanted.tag))
                if wanted.verdict:
                    query = query.where(_may_be(wanted.verdict))
                rows += session.scalars(_page(query, TaskRow, wanted, after, limit))
            if wanted.kind != "task" and not wanted.title and not wanted.tag:
                tests = select(VerificationRow)
                if wanted.verdict:
                    running = VerificationRow.status == "running"
                    tests = tests.where(running if wanted.verdict == "running" else ~running)
                rows += session.scalars(_page(tests, VerificationRow, wanted, after, limit))
        return sorted(rows, key=lambda row: (-row.started_at, row.uuid))[:limit]

    def environments(self, tasks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the environments of tasks, by their uuids."""
        query = select(TaskRow.uuid, TaskRow.environment).where(TaskRow.uuid.in_(tasks))
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def titles_of(self, tasks: Sequence[str]) -> dict[str, str]:
        """Return the titles of tasks, by their uuids."""
        query = select(TaskRow.uuid, TaskRow.title).where(TaskRow.uuid.in_(tasks))
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def recipes(self, *, tasks: Sequence[str] | None = None, limit: int = 500) -> list[tuple[str, str]]:
        """Return title and cloud of all tasks (or of some), each pair once, the latest run first."""
        query = (
            select(TaskRow.title, TaskRow.cloud)
            .group_by(TaskRow.title, TaskRow.cloud)
            .order_by(func.max(TaskRow.started_at).desc())
            .limit(limit)
        )
        if tasks is not None:
            query = query.where(TaskRow.uuid.in_(tasks))
        with self.database.reading() as session:
            return [(title, cloud) for title, cloud in session.execute(query)]

    def titles(self, *, limit: int = 500) -> list[str]:
        """Return the titles of all tasks, in their order."""
        with self.database.reading() as session:
            return list(session.scalars(select(TaskRow.title).distinct().order_by(TaskRow.title).limit(limit)))


def _page(
    query: Select[Any],
    model: type[TaskRow] | type[VerificationRow],
    wanted: RunFilter,
    after: Marker | None,
    limit: int,
) -> Select[Any]:
    if wanted.cloud:
        query = query.where(model.cloud == wanted.cloud)
    if wanted.since is not None:
        query = query.where(model.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(model.started_at <= wanted.until)
    if after is not None:
        same = and_(model.started_at == after.started_at, model.uuid > after.uuid)
        query = query.where(or_(model.started_at < after.started_at, same))
    return query.order_by(model.started_at.desc(), model.uuid).limit(limit)


def _may_be(verdict: Verdict) -> Any:
    """Return a condition that all tasks with a verdict meet, and few others."""
    running = TaskRow.status == "running"
    if verdict == "running":
        return running
    if verdict == "not judged":
        return ~running & exists().where(WorkloadRow.task_uuid == TaskRow.uuid, WorkloadRow.passed.is_(None))
    missed = exists().where(
        WorkloadRow.task_uuid == TaskRow.uuid,
        WorkloadSlaRow.workload_uuid == WorkloadRow.uuid,
        WorkloadSlaRow.passed.is_(False),
    )
    return ~running & (
        ~missed if verdict == "passed" else missed | ~exists().where(WorkloadRow.task_uuid == TaskRow.uuid)
    )
