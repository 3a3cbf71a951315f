"""The tables of the results database.

Every time (`*_at`) is in seconds since the epoch, UTC, as a float; every duration (`*seconds`) is in seconds, measured
on a monotonic clock. JSON columns keep the order of keys. Samples are not in here: they are in files, see
`sample_file`.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, Dialect, ForeignKey, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from rallycross.results.workload_figures import WorkloadFigures, from_document, to_document
from rallycross.secret import shown, shown_text

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Names constraints by rule, so that a migration can name what it changes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {Json: JSON, list[Json]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy's own hook


class Prose(TypeDecorator[str]):
    """Text of any length, such as a server's message: what a database cannot hold must not cost the row."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's own
        """Replace NUL, which PostgreSQL refuses, halves of surrogate pairs, which UTF-8 cannot write, and secrets."""
        return None if value is None else shown_text(value.replace("\0", "\ufffd").encode("utf-8", "replace").decode())


class Shown(TypeDecorator[Any]):
    """What a user has written and a cloud has answered, kept to be shown: without secrets."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's own
        """Leave secrets out."""
        return shown(value)


class Document(TypeDecorator[Any]):
    """A JSON document that may be damaged; one that is no JSON is a text."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Read what can be read: SQLite keeps any text."""
        read = super().result_processor(dialect, coltype) or (lambda value: value)

        def read_or_leave(value: Any) -> Any:
            try:
                return read(value)
            except ValueError:
                return value if isinstance(value, str) else repr(value)

        return read_or_leave


def _child(of: str) -> Mapped[str]:
    """Return a column that refers to a row of the table `of` and goes with it."""
    return mapped_column(String(36), ForeignKey(f"{of}.uuid", ondelete="CASCADE"), index=True)


class CloudRow(Base):
    """A cloud that later runs can name."""

    __tablename__ = "clouds"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    clouds_yaml: Mapped[str] = mapped_column(Prose)  # path of the file that holds the entry of this name
    spec: Mapped[str] = mapped_column(Prose)  # the cloud spec, as the user wrote it
    engine: Mapped[str] = mapped_column(String(64))
    root: Mapped[str] = mapped_column(Prose)  # folder on the host, as the engine needs it to destroy the cloud
    nodes: Mapped[list[Json]] = mapped_column(default=list)  # its servers, as `deployment.node` keeps them
    deployment: Mapped[str | None] = mapped_column(String(36))
    environment: Mapped[Json] = mapped_column(Shown)
    registered_at: Mapped[float]


class DeploymentRow(Base):
    """One deployment of a cloud: `running`, `finished` or `failed`."""

    __tablename__ = "deployments"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    engine: Mapped[str] = mapped_column(String(64))
    spec: Mapped[str] = mapped_column(Prose)
    status: Mapped[str] = mapped_column(String(16))
    total_steps: Mapped[int]
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    error: Mapped[str] = mapped_column(Prose, default="")

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
    title: Mapped[str] = mapped_column(Prose)
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    seconds: Mapped[float]
    error: Mapped[str] = mapped_column(Prose)


class VerificationRow(Base):
    """One verification of a cloud: `running`, `finished` (whatever its tests came to) or `crashed`."""

    __tablename__ = "verifications"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    chosen: Mapped[str] = mapped_column(Prose)  # name of the set of tests, or a pattern
    request: Mapped[Json]  # all that was asked for, so that it can be taken up again; empty = made elsewhere
    status: Mapped[str] = mapped_column(String(16))
    total: Mapped[int]
    environment: Mapped[Json] = mapped_column(Shown)
    attempt: Mapped[int]  # counts whoever has run it: one with an older number may write no more
    beat_at: Mapped[float | None]  # when whoever runs it last said so
    stopping: Mapped[bool]  # whether whoever runs it is asked to end
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    error: Mapped[str] = mapped_column(Prose, default="")


class TestRow(Base):
    """A test of a verification, as it ended; statuses as in `verification.test`."""

    __test__ = False  # not for pytest to collect
    __tablename__ = "verification_tests"
    __table_args__ = (UniqueConstraint("verification_uuid", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_uuid: Mapped[str] = _child("verifications")
    name: Mapped[str] = mapped_column(Prose, index=True)
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[float]
    seconds: Mapped[float]
    tags: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(Prose)
    traceback: Mapped[str] = mapped_column(Prose)


class TaskRow(Base):
    """A task file that was run: `running`, `finished`, `aborted` or `crashed`."""

    __tablename__ = "tasks"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    title: Mapped[str] = mapped_column(Prose)
    description: Mapped[str] = mapped_column(Prose)
    tags: Mapped[list[str]]
    source: Mapped[str] = mapped_column(Prose)
    file: Mapped[str] = mapped_column(Prose)
    status: Mapped[str] = mapped_column(String(16))
    timing: Mapped[str] = mapped_column(String(16), default="intended")  # as in `task.plan`
    origin: Mapped[str] = mapped_column(Prose, default="")  # the file that it was imported from; "" = it was run here
    environment: Mapped[Json] = mapped_column(Shown)
    stop_reason: Mapped[str] = mapped_column(Prose, default="")  # see `endings`; "" = it was not told to stop
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
    title: Mapped[str] = mapped_column(Prose)
    description: Mapped[str] = mapped_column(Prose)
    group: Mapped[str] = mapped_column("group_name", Prose)
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
    description: Mapped[str] = mapped_column(Prose)
    args: Mapped[Json] = mapped_column(Shown)
    runner: Mapped[str] = mapped_column(String(64))
    runner_args: Mapped[Json]
    contexts: Mapped[Json] = mapped_column(Shown)
    sla: Mapped[Json]
    hooks: Mapped[list[Json]] = mapped_column(
        Shown, default=list
    )  # {"action": {name: args}, "trigger": {name: args}, ...}
    status: Mapped[str] = mapped_column(String(16))
    error: Mapped[str] = mapped_column(Prose, default="")
    error_detail: Mapped[str] = mapped_column(Prose, default="")  # the traceback
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    load_began_at: Mapped[float | None]  # what the samples' times count from
    load_seconds: Mapped[float | None]
    full_seconds: Mapped[float | None]  # with contexts and cleaning
    contexts_done: Mapped[list[Json]] = mapped_column(Shown)  # what the contexts took, as the benchmark tells it
    progress: Mapped[Json]  # while it runs: done, total, failed, rate, p50, p95, elapsed, remaining
    generator: Mapped[Json] = mapped_column(default=dict)  # processes, workers, shards: see `load.health`
    hook_results: Mapped[list[Json]] = mapped_column(Shown, default=list)  # Rally's: {"config", "results", "summary"}
    statistics: Mapped[Json | None] = mapped_column(Document)  # once judged: as `results.workload_figures` has it
    passed: Mapped[bool | None]  # once judged

    sla_rows: Mapped[list["WorkloadSlaRow"]] = relationship(
        lazy="selectin", order_by="WorkloadSlaRow.id", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def figures(self) -> WorkloadFigures | None:
        """What was measured, once judged; None also where nothing of it can be read."""
        return None if self.statistics is None else from_document(self.statistics)[0]

    @figures.setter
    def figures(self, figures: WorkloadFigures) -> None:
        self.statistics = to_document(figures)

    @property
    def figure_damage(self) -> list[str]:
        """What is damaged in the document of the figures, by its places."""
        return [] if self.statistics is None else from_document(self.statistics)[1]


class FigureRow(Base):
    """A `Figure` of a workload, as it is stored: for what is asked over many workloads."""

    __tablename__ = "figures"

    id: Mapped[int] = mapped_column(primary_key=True)
    workload_uuid: Mapped[str] = mapped_column(String(36), ForeignKey("workloads.uuid", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(Prose)  # "" = whole iterations
    depth: Mapped[int]
    figure: Mapped[str] = mapped_column(String(64))
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(16))

    __table_args__ = (Index(None, "workload_uuid", "figure"),)


class WorkloadSlaRow(Base):
    """An `SlaRow`, as it is stored."""

    __tablename__ = "sla_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    workload_uuid: Mapped[str] = _child("workloads")
    criterion: Mapped[str] = mapped_column(String(255))
    passed: Mapped[bool]
    detail: Mapped[str] = mapped_column(Prose)


class ArtifactRow(Base):
    """A file that a run has left: a report, a log."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("owner_uuid", "kind", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_uuid: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Prose)
    added_at: Mapped[float]


class LedgerRow(Base):
    """Something that stands, or may stand, in a cloud because a run asked for it."""

    __tablename__ = "ledger"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_uuid: Mapped[str] = mapped_column(String(36), index=True)
    cloud: Mapped[str] = mapped_column(String(255), index=True)
    kind: Mapped[str] = mapped_column(String(64))  # "nova.server", ...
    name: Mapped[str] = mapped_column(Prose)
    resource_id: Mapped[str | None] = mapped_column(Prose)  # None until the cloud has answered the create
    detail: Mapped[Json]
    remembered_at: Mapped[float]
