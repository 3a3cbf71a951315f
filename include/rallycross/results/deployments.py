"""The store's part for deployments and their steps."""

import time
from typing import Literal

from sqlalchemy import Update, delete, select, update

from rallycross.deployment.step import StepEvent
from rallycross.results.models import DeploymentRow, StepRow
from rallycross.results.store_part import StorePart


class Deployments(StorePart):
    """Stores deployments and the state of their steps."""

    def begin(self, uuid: str, *, cloud: str, engine: str, spec: str, total_steps: int) -> None:
        """Begin a deployment, or resume one that was begun before: it keeps its start and its steps."""
        values = {
            "uuid": uuid,
            "cloud": cloud,
            "engine": engine,
            "spec": spec,
            "total_steps": total_steps,
            "status": "running",
            "started_at": time.time(),
            "ended_at": None,
            "error": "",
        }
        kept = ("uuid", "started_at")
        with self.database.writing() as session:
            self.database.upsert(
                session, DeploymentRow, values, key=["uuid"], update=[key for key in values if key not in kept]
            )

    def record_step(self, deployment_uuid: str, event: StepEvent) -> None:
        """Store the state of a step, and the number of steps once it is known.

        A step that this deployment has done stays "done", with its duration, when a later attempt skips it.
        """
        running = event.status == "running"
        values = {
            "deployment_uuid": deployment_uuid,
            "name": event.name,
            "title": event.title,
            "status": event.status,
            "started_at": event.at - event.seconds,
            "ended_at": None if running else event.at,
            "seconds": event.seconds,
            "error": event.error,
        }
        key = ["deployment_uuid", "name"]
        was = select(StepRow.status).where(StepRow.deployment_uuid == deployment_uuid, StepRow.name == event.name)
        with self.database.writing() as session:
            if event.total:
                session.execute(
                    update(DeploymentRow).where(DeploymentRow.uuid == deployment_uuid).values(total_steps=event.total)
                )
            if event.status == "skipped" and session.scalar(was) == "done":
                return
            self.database.upsert(session, StepRow, values, key=key, update=[name for name in values if name not in key])

    def forget_steps(self, deployment_uuid: str) -> None:
        """Delete the steps of a deployment that starts over."""
        with self.database.writing() as session:
            session.execute(delete(StepRow).where(StepRow.deployment_uuid == deployment_uuid))

    def end(self, uuid: str, *, status: Literal["finished", "failed"], error: str = "") -> None:
        """Store how a deployment ended. Steps that were still running are marked failed."""
        now = time.time()
        with self.database.writing() as session:
            session.execute(_ended(uuid, now, status=status, error=error))
            session.execute(_running_failed(uuid, now))

    def forget(self, uuid: str) -> None:
        """Delete a deployment that did not start because another was running."""
        with self.database.writing() as session:
            session.execute(delete(StepRow).where(StepRow.deployment_uuid == uuid))
            session.execute(delete(DeploymentRow).where(DeploymentRow.uuid == uuid))

    def resume(self, uuid: str, *, step: str) -> None:
        """Mark a failed deployment as running while its step `step` is retried, unless other steps failed too."""
        of_this = select(StepRow.id).where(StepRow.deployment_uuid == uuid, StepRow.status == "failed")
        with self.database.writing() as session:
            session.execute(
                update(DeploymentRow)
                .where(
                    DeploymentRow.uuid == uuid,
                    DeploymentRow.status == "failed",
                    of_this.where(StepRow.name == step).exists(),
                    ~of_this.where(StepRow.name != step).exists(),
                )
                .values(status="running", error="", ended_at=None)
            )

    def fail_step(self, deployment_uuid: str, name: str, *, error: str) -> None:
        """Mark a step and its deployment as failed. Other steps are carried out elsewhere and may still run."""
        now = time.time()
        values = {
            "deployment_uuid": deployment_uuid,
            "name": name,
            "title": name,
            "status": "failed",
            "started_at": now,
            "ended_at": now,
            "seconds": 0.0,
            "error": error,
        }
        with self.database.writing() as session:
            session.execute(_running_failed(deployment_uuid, now).where(StepRow.name == name))
            # A step that never reported an event gets a row too, because others wait for it.
            self.database.upsert(session, StepRow, values, key=["deployment_uuid", "name"], update=[])
            session.execute(_ended(deployment_uuid, now, status="failed", error=error))

    def get(self, uuid: str) -> DeploymentRow | None:
        """Return a deployment with its steps."""
        with self.database.reading() as session:
            return session.get(DeploymentRow, uuid)

    def usual_seconds(self, engine: str, *, cloud: str) -> dict[str, float]:
        """Return the seconds that each step last took: for this cloud, or else for another cloud of the engine."""
        query = (
            select(StepRow.name, StepRow.seconds)
            .join(DeploymentRow, StepRow.deployment_uuid == DeploymentRow.uuid)
            .where(DeploymentRow.engine == engine, StepRow.status == "done")
            .order_by(DeploymentRow.cloud == cloud, StepRow.id)  # the last one wins
        )
        with self.database.reading() as session:
            return dict(session.execute(query).tuples().all())

    def last_of(self, cloud: str) -> DeploymentRow | None:
        """Return the latest deployment of a cloud, with its steps."""
        query = (
            select(DeploymentRow).where(DeploymentRow.cloud == cloud).order_by(DeploymentRow.started_at.desc()).limit(1)
        )
        with self.database.reading() as session:
            return session.scalars(query).first()


def _ended(uuid: str, now: float, *, status: str, error: str) -> Update:
    return update(DeploymentRow).where(DeploymentRow.uuid == uuid).values(status=status, error=error, ended_at=now)


def _running_failed(uuid: str, now: float) -> Update:
    """Return the statement that marks the running steps of a deployment as failed."""
    return (
        update(StepRow)
        .where(StepRow.deployment_uuid == uuid, StepRow.status == "running")
        .values(status="failed", ended_at=now, seconds=now - StepRow.started_at)
    )
