"""The store's part for verifications."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete, select, update

from rallycross.errors import RallycrossError
from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.store_part import StorePart
from rallycross.verification.test import TestResult

LOST_SECONDS = 45.0  # a verification without a sign of life for this long is assumed to be dead


class TakenOver(RallycrossError):  # noqa: N818
    """Another process has taken over the verification."""


class Verifications(StorePart):
    """Stores verifications, and which attempt runs each."""

    def begin(
        self,
        uuid: str,
        *,
        cloud: str,
        chosen: str,
        total: int = 0,
        environment: dict[str, Any] | None = None,
        request: dict[str, Any] | None = None,
    ) -> None:
        """Begin a verification. One that was begun before starts over, and loses its tests."""
        now = time.time()
        values = {
            "uuid": uuid,
            "cloud": cloud,
            "chosen": chosen,
            "request": request or {},
            "total": total,
            "environment": environment or {},
            "status": "running",
            "attempt": 0,
            "beat_at": now,
            "stopping": False,
            "started_at": now,
            "ended_at": None,
            "error": "",
        }
        with self.database.writing() as session:
            if (begun := session.get(VerificationRow, uuid, with_for_update=True)) is not None:
                # An earlier attempt may not write any more; if there was none, the next is still the first.
                values["attempt"] = begun.attempt + 1 if begun.attempt else 0
            self.database.upsert(
                session, VerificationRow, values, key=["uuid"], update=[name for name in values if name != "uuid"]
            )
            session.execute(delete(TestRow).where(TestRow.verification_uuid == uuid))

    def take_up(self, uuid: str) -> tuple[int, frozenset[str]]:
        """Begin a new attempt at a verification. From now on earlier attempts cannot write.

        Return the number of the attempt, and the names of the tests that have ended.
        """
        values = {"status": "running", "stopping": False, "beat_at": time.time(), "ended_at": None, "error": ""}
        with self.database.writing() as session:
            row = session.get(VerificationRow, uuid, with_for_update=True)
            if row is None:
                raise RallycrossError(f"verification {uuid}: does not exist - begin it first")
            row.attempt += 1
            for name, value in values.items():
                setattr(row, name, value)
            done = session.scalars(select(TestRow.name).where(TestRow.verification_uuid == uuid))
            return row.attempt, frozenset(done)

    def describe(self, uuid: str, *, total: int, environment: dict[str, Any], attempt: int | None = None) -> None:
        """Store the number of tests and the environment they run in. Raises `TakenOver`."""
        self._change(uuid, attempt=attempt, total=total, environment=environment)

    def beat(self, uuid: str, attempt: int) -> bool:
        """Record a sign of life; return whether the verification is asked to end. Raises `TakenOver`."""
        with self.database.writing() as session:
            row = locked(session, uuid, attempt)
            row.beat_at = time.time()
            return row.stopping

    def renew(self, uuid: str) -> None:
        """Mark a verification as running for the process that is about to take it up."""
        self._change(uuid, status="running", beat_at=time.time(), stopping=False)

    def stop(self, uuid: str) -> None:
        """Ask the process that runs a verification to end."""
        self._change(uuid, stopping=True)

    def add(
        self, uuid: str, *, cloud: str, chosen: str, tests: Sequence[TestResult], environment: dict[str, Any]
    ) -> None:
        """Store an imported verification with all its tests."""
        began = min(test.started for test in tests)
        row = VerificationRow(
            uuid=uuid,
            cloud=cloud,
            chosen=chosen,
            request={},
            status="finished",
            total=len(tests),
            environment=environment,
            attempt=1,
            beat_at=None,
            stopping=False,
            started_at=began,
            ended_at=max(began, *(test.started + test.seconds for test in tests)),
            error="",
        )
        with self.database.writing() as session:
            session.add(row)
            session.flush()
            session.add_all(TestRow(**columns_of(uuid, test)) for test in tests)

    def end(
        self, uuid: str, *, status: Literal["finished", "crashed"], error: str = "", attempt: int | None = None
    ) -> None:
        """Store how a verification ended: `finished` whatever the result of its tests. Raises `TakenOver`."""
        self._change(uuid, attempt=attempt, status=status, error=error, ended_at=time.time())

    def forget(self, uuid: str) -> None:
        """Delete a verification with its tests, if it exists."""
        with self.database.writing() as session:
            session.execute(delete(VerificationRow).where(VerificationRow.uuid == uuid))

    def get(self, uuid: str) -> VerificationRow | None:
        """Return a verification without its tests."""
        with self.database.reading() as session:
            return session.get(VerificationRow, uuid)

    def latest(self, *, cloud: str | None = None, limit: int | None = 100) -> list[VerificationRow]:
        """Return the latest verifications of one cloud or of all, latest first; without a limit if it is None."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(limit)
        if cloud is not None:
            query = query.where(VerificationRow.cloud == cloud)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def find(self, reference: str) -> VerificationRow:
        """Return the verification with a uuid or the beginning of one; `last` is the latest that was begun."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(2)
        if reference != "last":
            query = query.where(VerificationRow.uuid.startswith(reference, autoescape=True))
        with self.database.reading() as session:
            found = list(session.scalars(query))
        if not found or not reference:
            raise RallycrossError(f"verification {reference!r}: does not exist - ./rallycross verify history lists all")
        if reference != "last" and len(found) > 1:
            raise RallycrossError(f"verification {reference!r}: is ambiguous - give more of its uuid")
        return found[0]

    def _change(self, uuid: str, *, attempt: int | None = None, **values: Any) -> None:
        with self.database.writing() as session:
            if attempt is not None:
                locked(session, uuid, attempt)
            session.execute(update(VerificationRow).where(VerificationRow.uuid == uuid).values(**values))


def locked(session: Any, uuid: str, attempt: int) -> VerificationRow:
    """Return the row, locked until the transaction ends. Raises `TakenOver` if a later attempt has begun."""
    row: VerificationRow | None = session.get(VerificationRow, uuid, with_for_update=True)
    if row is None:
        raise RallycrossError(f"verification {uuid}: does not exist - begin it first")
    if row.attempt != attempt:
        raise TakenOver(f"verification {uuid}: attempt {row.attempt} has taken over from attempt {attempt}")
    return row


def columns_of(verification_uuid: str, test: TestResult) -> dict[str, Any]:
    """Return the values of a test's row."""
    return {
        "verification_uuid": verification_uuid,
        "name": test.name,
        "status": test.status,
        "started_at": test.started,
        "seconds": test.seconds,
        "tags": list(test.tags),
        "reason": test.reason,
        "traceback": test.traceback,
    }
