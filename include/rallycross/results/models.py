"""The tables of the results database.

Every time (`*_at`) is in seconds since the epoch, UTC, as a float; every duration (`*seconds`) is in seconds, measured
on a monotonic clock. JSON columns keep the order of keys. Samples are not in the database but in files: see
`sample_file`.
"""

import reprlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, Dialect, ForeignKey, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from rallycross.results.generator_report import GeneratorReport, generator_report
from rallycross.results.progress_report import ProgressReport, progress_report
from rallycross.results.workload_figures import WorkloadFigures, from_document, to_document
from rallycross.secret import shown, shown_text

Json = dict[str, Any]


class SafeText(TypeDecorator[str]):
    """Text from anywhere, such as a server's message: cleaned, so that no text makes the database refuse the row."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's own
        """Replace NUL, which PostgreSQL refuses, lone surrogates, which UTF-8 cannot encode, and secrets."""
        return None if value is None else shown_text(value.replace("\0", "\ufffd").encode("utf-8", "replace").decode())


class DamagedValue(ValueError):  # noqa: N818 - reads as what it says
    """A JSON column has a value of another shape than the program writes."""


class ShapedJson(TypeDecorator[Any]):
    """A JSON object, or a list of objects or texts. Another value is damage: reading it raises `DamagedValue`."""

    impl = JSON
    cache_ok = True

    def __init__(self, shape: type[dict[str, Any]] | type[list[Any]], inner: type = object) -> None:
        super().__init__()
        self.shape, self.inner = shape, inner

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's own
        """Require the shape."""
        if not isinstance(value, self.shape) or not all(isinstance(one, self.inner) for one in value):
            raise DamagedValue(f"{reprlib.repr(value)} is not {_SHAPES[self.shape, self.inner]}")
        return value


_SHAPES = {(dict, object): "an object", (list, dict): "a list of objects", (list, str): "a list of texts"}


class RedactedJson(ShapedJson):
    """JSON from users and clouds, stored without secrets because it will be shown."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's own
        """Replace secrets."""
        return shown(value)


class LenientJson(TypeDecorator[Any]):
    """A JSON document that may be damaged: invalid JSON is returned as text."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return a reader that never fails: SQLite stores any text."""
        read = super().result_processor(dialect, coltype) or (lambda value: value)

        def read_or_leave(value: Any) -> Any:
            try:
                return read(value)
            except ValueError:
                return value if isinstance(value, str) else repr(value)

        return read_or_leave


class Base(DeclarativeBase):
    """Names constraints by a rule, so that a migration can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {Json: ShapedJson(dict), list[Json]: ShapedJson(list, dict), list[str]: ShapedJson(list, str)}  # noqa: RUF012 - SQLAlchemy's own attribute


def _child(of: str) -> Mapped[str]:
    """Return a column that refers to a row of the table `of` and is deleted with it."""
    return mapped_column(String(36), ForeignKey(f"{of}.uuid", ondelete="CASCADE"), index=True)


class CloudRow(Base):
    """A registered cloud, which later runs can refer to by name."""

    __tablename__ = "clouds"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    clouds_yaml: Mapped[str] = mapped_column(SafeText)  # path of the file that has the entry of this name
    spec: Mapped[str] = mapped_column(SafeText)  # the cloud spec, as the user wrote it
    engine: Mapped[str] = mapped_column(String(64))
    root: Mapped[str] = mapped_column(SafeText)  # folder on the host, as the engine needs it to destroy the cloud
    nodes: Mapped[list[Json]] = mapped_column(default=list)  # its servers, in the form of `deployment.node`
    deployment: Mapped[str | None] = mapped_column(String(36))
    environment: Mapped[Json] = mapped_column(RedactedJson(dict))
    registered_at: Mapped[float]


class DeploymentRow(Base):
    """One deployment of a cloud: `running`, `finished` or `failed`."""

    __tablename__ = "deployments"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    engine: Mapped[str] = mapped_column(String(64))
    spec: Mapped[str] = mapped_column(SafeText)
    status: Mapped[str] = mapped_column(String(16))
    total_steps: Mapped[int]
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    error: Mapped[str] = mapped_column(SafeText, default="")

    steps: Mapped[list["StepRow"]] = relationship(
        lazy="selectin", order_by="StepRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class StepRow(Base):
    """A step of a deployment: `running`, `done`, `skipped` or `failed`."""

    __tablename__ = "deployment_steps"
    __table_args__ = (UniqueConstraint("deployment_uuid", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_uuid: Mapped[str] = _child("deployments")
    name: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(SafeText)
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    seconds: Mapped[float]
    error: Mapped[str] = mapped_column(SafeText)


class VerificationRow(Base):
    """One verification of a cloud: `running`, `finished` (whatever its tests came to) or `crashed`."""

    __tablename__ = "verifications"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    chosen: Mapped[str] = mapped_column(SafeText)  # name of the set of tests, or a pattern
    request: Mapped[Json]  # everything needed to resume it; empty = imported
    status: Mapped[str] = mapped_column(String(16))
    total: Mapped[int]
    environment: Mapped[Json] = mapped_column(RedactedJson(dict))
    attempt: Mapped[int]  # increases with each process that runs it; an older attempt may not write any more
    beat_at: Mapped[float | None]  # the last sign of life of the process that runs it
    stopping: Mapped[bool]  # whether the process that runs it is asked to end
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    error: Mapped[str] = mapped_column(SafeText, default="")


class TestRow(Base):
    """The result of a test in a verification; statuses as in `verification.test`."""

    __test__ = False  # not for pytest to collect
    __tablename__ = "verification_tests"
    __table_args__ = (UniqueConstraint("verification_uuid", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_uuid: Mapped[str] = _child("verifications")
    name: Mapped[str] = mapped_column(SafeText, index=True)
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[float]
    seconds: Mapped[float]
    tags: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(SafeText)
    traceback: Mapped[str] = mapped_column(SafeText)


class TaskRow(Base):
    """A task file that was run: `running`, `finished`, `aborted` or `crashed`."""

    __tablename__ = "tasks"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    title: Mapped[str] = mapped_column(SafeText)
    description: Mapped[str] = mapped_column(SafeText)
    tags: Mapped[list[str]]
    source: Mapped[str] = mapped_column(SafeText)
    file: Mapped[str] = mapped_column(SafeText)
    status: Mapped[str] = mapped_column(String(16))
    timing: Mapped[str] = mapped_column(String(16), default="intended")  # as in `task.plan`
    origin: Mapped[str] = mapped_column(SafeText, default="")  # the file it was imported from; "" = run here
    environment: Mapped[Json] = mapped_column(RedactedJson(dict))
    stop_reason: Mapped[str] = mapped_column(SafeText, default="")  # see `endings`; "" = it was not stopped
    beat_at: Mapped[float | None]  # the last sign of life of the process that runs it; None = it gives none
    started_at: Mapped[float]
    ended_at: Mapped[float | None]

    subtasks: Mapped[list["SubtaskRow"]] = relationship(
        lazy="selectin", order_by="SubtaskRow.position", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def workloads(self) -> list["WorkloadRow"]:
        """All workloads, in the order in which they run."""
        return [workload for subtask in self.subtasks for workload in subtask.workloads]


class SubtaskRow(Base):
    """A titled group of workloads."""

    __tablename__ = "subtasks"
    __table_args__ = (UniqueConstraint("task_uuid", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_uuid: Mapped[str] = _child("tasks")
    position: Mapped[int]
    title: Mapped[str] = mapped_column(SafeText)
    description: Mapped[str] = mapped_column(SafeText)
    group: Mapped[str] = mapped_column("group_name", SafeText)
    tags: Mapped[list[str]]
    run_in_parallel: Mapped[bool] = mapped_column(default=False)

    workloads: Mapped[list["WorkloadRow"]] = relationship(
        lazy="selectin", order_by="WorkloadRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class WorkloadRow(Base):
    """A workload: `init`, `running`, `finished`, `aborted`, `aborted_on_sla` or `crashed`."""

    __tablename__ = "workloads"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_uuid: Mapped[str] = _child("tasks")
    subtask_id: Mapped[int] = mapped_column(ForeignKey("subtasks.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]  # 0-based, in the task
    scenario: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(SafeText)
    args: Mapped[Json] = mapped_column(RedactedJson(dict))
    runner: Mapped[str] = mapped_column(String(64))
    runner_args: Mapped[Json]
    contexts: Mapped[Json] = mapped_column(RedactedJson(dict))
    sla: Mapped[Json]
    hooks: Mapped[list[Json]] = mapped_column(
        RedactedJson(list, dict), default=list
    )  # {"action": {name: args}, "trigger": {name: args}, ...}
    status: Mapped[str] = mapped_column(String(16))
    error: Mapped[str] = mapped_column(SafeText, default="")
    error_detail: Mapped[str] = mapped_column(SafeText, default="")  # the traceback
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    load_began_at: Mapped[float | None]  # the origin of the samples' times
    load_seconds: Mapped[float | None]
    full_seconds: Mapped[float | None]  # with contexts and clean-up
    contexts_done: Mapped[list[Json]] = mapped_column(
        RedactedJson(list, dict)
    )  # durations of contexts, as the benchmark reports them
    progress: Mapped[Any] = mapped_column(LenientJson)  # the document of `progress_report`, while it runs
    generator: Mapped[Any] = mapped_column(LenientJson, default=dict)  # the document of `generator_report`
    hook_results: Mapped[list[Json]] = mapped_column(
        RedactedJson(list, dict), default=list
    )  # as Rally's: {config, results, summary}
    statistics: Mapped[Json | None] = mapped_column(LenientJson)  # once judged; the document of `workload_figures`
    passed: Mapped[bool | None]  # once judged

    sla_rows: Mapped[list["WorkloadSlaRow"]] = relationship(
        lazy="selectin", order_by="WorkloadSlaRow.id", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def figures(self) -> WorkloadFigures | None:
        """The figures, once judged; None also if the document cannot be read."""
        return None if self.statistics is None else from_document(self.statistics)[0]

    @figures.setter
    def figures(self, figures: WorkloadFigures) -> None:
        self.statistics = to_document(figures)

    @property
    def reported(self) -> GeneratorReport:
        """What its load processes reported of themselves, as far as it can be read."""
        return generator_report(self.generator)[0]

    @property
    def reported_damage(self) -> list[str]:
        """The damaged places in the document of that report."""
        return generator_report(self.generator)[1]

    @property
    def so_far(self) -> ProgressReport | None:
        """How far its load is; None before it begins, and if the document cannot be read."""
        return progress_report(self.progress)

    @property
    def figure_damage(self) -> list[str]:
        """The damaged places in the document of the figures."""
        return [] if self.statistics is None else from_document(self.statistics)[1]


class FigureRow(Base):
    """A stored `Figure` of a workload, for queries over many workloads."""

    __tablename__ = "figures"

    id: Mapped[int] = mapped_column(primary_key=True)
    workload_uuid: Mapped[str] = mapped_column(String(36), ForeignKey("workloads.uuid", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(SafeText)  # "" = whole iterations
    depth: Mapped[int]
    figure: Mapped[str] = mapped_column(String(64))
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(16))

    __table_args__ = (Index(None, "workload_uuid", "figure"),)


class WorkloadSlaRow(Base):
    """A stored `SlaRow`."""

    __tablename__ = "sla_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    workload_uuid: Mapped[str] = _child("workloads")
    criterion: Mapped[str] = mapped_column(String(255))
    passed: Mapped[bool]
    detail: Mapped[str] = mapped_column(SafeText)


class ChangeRow(Base):
    """A confirmed change in the history of a recipe on a cloud.

    It outlives the results of the runs that it names.
    """

    __tablename__ = "changes"
    __table_args__ = (UniqueConstraint("series", "first_task"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255))
    recipe: Mapped[str] = mapped_column(SafeText)
    series: Mapped[str] = mapped_column(String(64))  # a digest of what identifies it; see `judging.changes.series`
    scenario: Mapped[str] = mapped_column(String(255))
    position: Mapped[int]  # of the workload in the run in which the change was found, 0-based
    action: Mapped[str] = mapped_column(SafeText)  # "" = whole iterations
    depth: Mapped[int]
    figure: Mapped[str] = mapped_column(String(64))
    worse: Mapped[bool]  # False: an improvement
    size: Mapped[float]  # relative to the old level; of `failure_rate` the difference
    low: Mapped[float]  # the limits of its 95 % confidence interval
    high: Mapped[float]
    runs: Mapped[int]  # from the first run with the new level to the one in which it was found
    first_task: Mapped[str] = mapped_column(String(36))  # the first run with the new level
    began_at: Mapped[float]  # its beginning
    found_task: Mapped[str] = mapped_column(String(36), index=True)  # the run that confirmed it
    found_at: Mapped[float]
    environment: Mapped[list[Json]]  # what changed between the first run and the one before: {what, before, after}
    acknowledged_at: Mapped[float | None]
    acknowledged_by: Mapped[str] = mapped_column(SafeText, default="")
    note: Mapped[str] = mapped_column(SafeText, default="")
    notified_at: Mapped[float | None]


class ArtifactRow(Base):
    """A file that a run wrote: a report, a log."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("owner_uuid", "kind", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_uuid: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(SafeText)
    added_at: Mapped[float]


class LedgerRow(Base):
    """A resource that exists, or may exist, in a cloud because a run created it."""

    __tablename__ = "ledger"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_uuid: Mapped[str] = mapped_column(String(36), index=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    kind: Mapped[str] = mapped_column(String(64))  # "nova.server", ...
    name: Mapped[str] = mapped_column(SafeText)
    resource_id: Mapped[str | None] = mapped_column(SafeText)  # None until the cloud has answered the create
    detail: Mapped[Json]
    remembered_at: Mapped[float]
