"""The store's part for verifications."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete, select, update

from rallycross.errors import RallycrossError
from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.part import Part
from rallycross.verification.test import TestResult

LOST_SECONDS = 45.0  # without a word from whoever runs a verification, after which it is taken for dead


class TakenOver(RallycrossError):  # noqa: N818 - reads as what it says
    """Somebody else has taken the verification up."""


class Verifications(Part):
    """Keeps who runs a verification, and how it went."""

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
        """Begin a verification; one that was begun before starts over, without the tests of the attempt before."""
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
                # Whoever ran it until now can write no more; where nobody did, this is still the first attempt.
                values["attempt"] = begun.attempt + 1 if begun.attempt else 0
            self.database.upsert(
                session, VerificationRow, values, key=["uuid"], update=[name for name in values if name != "uuid"]
            )
            session.execute(delete(TestRow).where(TestRow.verification_uuid == uuid))

    def take_up(self, uuid: str) -> tuple[int, frozenset[str]]:
        """Begin to run a verification, or to go on with one that was cut off. Whoever ran it before can write no more.

        Return the number of the attempt, and the names of the tests that have ended.
        """
        values = {"status": "running", "stopping": False, "beat_at": time.time(), "ended_at": None, "error": ""}
        with self.database.writing() as session:
            row = session.get(VerificationRow, uuid, with_for_update=True)
            if row is None:
                raise RallycrossError(f"verification {uuid}: there is none - begin it first")
            row.attempt += 1
            for name, value in values.items():
                setattr(row, name, value)
            done = session.scalars(select(TestRow.name).where(TestRow.verification_uuid == uuid))
            return row.attempt, frozenset(done)

    def describe(self, uuid: str, *, total: int, environment: dict[str, Any], attempt: int | None = None) -> None:
        """Say how many tests there will be, and how they came about. Raises `TakenOver`."""
        self._change(uuid, attempt=attempt, total=total, environment=environment)

    def beat(self, uuid: str, attempt: int) -> bool:
        """Say that it still runs; return whether it is asked to end. Raises `TakenOver`."""
        with self.database.writing() as session:
            row = held(session, uuid, attempt)
            row.beat_at = time.time()
            return row.stopping

    def renew(self, uuid: str) -> None:
        """Expect a sign of life from somebody who is about to take it up."""
        self._change(uuid, status="running", beat_at=time.time(), stopping=False)

    def stop(self, uuid: str) -> None:
        """Ask whoever runs it to end."""
        self._change(uuid, stopping=True)

    def add(
        self, uuid: str, *, cloud: str, chosen: str, tests: Sequence[TestResult], environment: dict[str, Any]
    ) -> None:
        """Keep a verification that was made elsewhere, whole or not at all."""
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
        """Say how a verification ended: `finished` whatever its tests came to. Raises `TakenOver`."""
        self._change(uuid, attempt=attempt, status=status, error=error, ended_at=time.time())

    def forget(self, uuid: str) -> None:
        """Delete a verification with its tests; none is fine."""
        with self.database.writing() as session:
            session.execute(delete(VerificationRow).where(VerificationRow.uuid == uuid))

    def get(self, uuid: str) -> VerificationRow | None:
        """Return a verification; its tests are asked for apart."""
        with self.database.reading() as session:
            return session.get(VerificationRow, uuid)

    def latest(self, *, cloud: str | None = None, limit: int | None = 100) -> list[VerificationRow]:
        """Return the latest verifications, of one cloud or of all, the latest first; `limit` of None: all of them."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(limit)
        if cloud is not None:
            query = query.where(VerificationRow.cloud == cloud)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def find(self, given: str) -> VerificationRow:
        """Return the verification of a uuid or the beginning of one; `last` is the latest that was begun."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(2)
        if given != "last":
            query = query.where(VerificationRow.uuid.startswith(given, autoescape=True))
        with self.database.reading() as session:
            found = list(session.scalars(query))
        if not found or not given:
            raise RallycrossError(f"verification {given!r}: there is none - ./rallycross verify history names all")
        if given != "last" and len(found) > 1:
            raise RallycrossError(f"verification {given!r}: there are several - give more of its uuid")
        return found[0]

    def _change(self, uuid: str, *, attempt: int | None = None, **values: Any) -> None:
        with self.database.writing() as session:
            if attempt is not None:
                held(session, uuid, attempt)
            session.execute(update(VerificationRow).where(VerificationRow.uuid == uuid).values(**values))


def held(session: Any, uuid: str, attempt: int) -> VerificationRow:
    """Return the row, held against others until the transaction ends; raise where somebody else has taken it up."""
    row: VerificationRow | None = session.get(VerificationRow, uuid, with_for_update=True)
    if row is None:
        raise RallycrossError(f"verification {uuid}: there is none - begin it first")
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
