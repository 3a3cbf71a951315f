"""The store's part for deployments and their steps."""

import time
from typing import Literal

from sqlalchemy import Update, delete, select, update

from rallycross.deployment.step import StepEvent
from rallycross.results.models import DeploymentRow, StepRow
from rallycross.results.part import Part


class Deployments(Part):
    """Keeps what happens while a cloud is deployed."""

    def begin(self, uuid: str, *, cloud: str, engine: str, spec: str, total_steps: int) -> None:
        """Begin a deployment; one that was begun before is taken up again, with the steps that it has done."""
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
        """Keep where a step has come to, and how many there are, which is known once they are planned.

        What this deployment has done is not skipped by it: its time stays.
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
        """Drop what is known of a deployment's steps: it is begun again."""
        with self.database.writing() as session:
            session.execute(delete(StepRow).where(StepRow.deployment_uuid == deployment_uuid))

    def end(self, uuid: str, *, status: Literal["finished", "failed"], error: str = "") -> None:
        """Say how a deployment ended. A step that was still running has failed with it."""
        now = time.time()
        with self.database.writing() as session:
            session.execute(_ended(uuid, now, status=status, error=error))
            session.execute(_running_failed(uuid, now))

    def forget(self, uuid: str) -> None:
        """Drop a deployment that has not begun, since another was at work."""
        with self.database.writing() as session:
            session.execute(delete(StepRow).where(StepRow.deployment_uuid == uuid))
            session.execute(delete(DeploymentRow).where(DeploymentRow.uuid == uuid))

    def resume(self, uuid: str, *, step: str) -> None:
        """Have a failed deployment run again, for one of its steps is done again, unless others have failed as well."""
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
        """Say that a deployment has failed by one step. Those beside it are done by others, and may run on."""
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
            # One that has come to no event of its own is known to have failed, too: others wait for it.
            self.database.upsert(session, StepRow, values, key=["deployment_uuid", "name"], update=[])
            session.execute(_ended(deployment_uuid, now, status="failed", error=error))

    def get(self, uuid: str) -> DeploymentRow | None:
        """Return a deployment with its steps."""
        with self.database.reading() as session:
            return session.get(DeploymentRow, uuid)

    def usual_seconds(self, engine: str, *, cloud: str) -> dict[str, float]:
        """Return what each step has taken the last time that it was done: for this cloud, or else for the engine's."""
        query = (
            select(StepRow.name, StepRow.seconds)
            .join(DeploymentRow, StepRow.deployment_uuid == DeploymentRow.uuid)
            .where(DeploymentRow.engine == engine, StepRow.status == "done")
            .order_by(DeploymentRow.cloud == cloud, StepRow.id)  # the last one stays
        )
        with self.database.reading() as session:
            return dict(session.execute(query).tuples().all())

    def last_of(self, cloud: str) -> DeploymentRow | None:
        """Return the youngest deployment of a cloud, with its steps."""
        query = (
            select(DeploymentRow).where(DeploymentRow.cloud == cloud).order_by(DeploymentRow.started_at.desc()).limit(1)
        )
        with self.database.reading() as session:
            return session.scalars(query).first()


def _ended(uuid: str, now: float, *, status: str, error: str) -> Update:
    return update(DeploymentRow).where(DeploymentRow.uuid == uuid).values(status=status, error=error, ended_at=now)


def _running_failed(uuid: str, now: float) -> Update:
    """Say of what a deployment has running that it has failed."""
    return (
        update(StepRow)
        .where(StepRow.deployment_uuid == uuid, StepRow.status == "running")
        .values(status="failed", ended_at=now, seconds=now - StepRow.started_at)
    )
