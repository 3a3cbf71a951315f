"""The store's part for verifications and their tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, func, select, update

from rallycross.errors import RallycrossError
from rallycross.results.database import Database
from rallycross.results.models import TestRow, VerificationRow
from rallycross.verification.test import TestResult

LOST_SECONDS = 45.0  # without a word from whoever runs a verification, after which it is taken for dead


class TakenOver(RallycrossError):  # noqa: N818 - reads as what it says
    """Somebody else has taken the verification up."""


@dataclass(frozen=True)
class TestEnd:
    """How one test ended in one verification."""

    __test__ = False  # not for pytest to collect

    verification: VerificationRow
    test: TestRow


class Verifications(Database):
    """Keeps the tests of a verification as they end."""

    def begin_verification(
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
        with self.writing() as session:
            if (begun := session.get(VerificationRow, uuid, with_for_update=True)) is not None:
                # Whoever ran it until now can write no more; where nobody did, this is still the first attempt.
                values["attempt"] = begun.attempt + 1 if begun.attempt else 0
            self.upsert(
                session, VerificationRow, values, key=["uuid"], update=[name for name in values if name != "uuid"]
            )
            session.execute(delete(TestRow).where(TestRow.verification_uuid == uuid))

    def take_up_verification(self, uuid: str) -> tuple[int, frozenset[str]]:
        """Begin to run a verification, or to go on with one that was cut off. Whoever ran it before can write no more.

        Return the number of the attempt, and the names of the tests that have ended.
        """
        values = {"status": "running", "stopping": False, "beat_at": time.time(), "ended_at": None, "error": ""}
        with self.writing() as session:
            row = session.get(VerificationRow, uuid, with_for_update=True)
            if row is None:
                raise RallycrossError(f"verification {uuid}: there is none - begin it first")
            row.attempt += 1
            for name, value in values.items():
                setattr(row, name, value)
            done = session.scalars(select(TestRow.name).where(TestRow.verification_uuid == uuid))
            return row.attempt, frozenset(done)

    def describe_verification(
        self, uuid: str, *, total: int, environment: dict[str, Any], attempt: int | None = None
    ) -> None:
        """Say how many tests there will be, and how they came about. Raises `TakenOver` as `record_test` does."""
        self._change(uuid, attempt=attempt, total=total, environment=environment)

    def beat_verification(self, uuid: str, attempt: int) -> bool:
        """Say that it still runs; return whether it is asked to end. Raises `TakenOver`."""
        with self.writing() as session:
            row = self._mine(session, uuid, attempt)
            row.beat_at = time.time()
            return row.stopping

    def renew_verification(self, uuid: str) -> None:
        """Expect a sign of life from somebody who is about to take it up."""
        self._change(uuid, status="running", beat_at=time.time(), stopping=False)

    def stop_verification(self, uuid: str) -> None:
        """Ask whoever runs it to end."""
        self._change(uuid, stopping=True)

    def record_test(self, verification_uuid: str, test: TestResult, *, attempt: int | None = None) -> None:
        """Keep how a test ended. Raises `TakenOver` where a later attempt than this one has begun."""
        values = _columns(verification_uuid, test)
        key = ["verification_uuid", "name"]
        with self.writing() as session:
            if attempt is not None:
                self._mine(session, verification_uuid, attempt)
            self.upsert(session, TestRow, values, key=key, update=[name for name in values if name not in key])

    def import_verification(
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
        with self.writing() as session:
            session.add(row)
            session.flush()
            session.add_all(TestRow(**_columns(uuid, test)) for test in tests)

    def end_verification(
        self, uuid: str, *, status: Literal["finished", "crashed"], error: str = "", attempt: int | None = None
    ) -> None:
        """Say how a verification ended: `finished` whatever its tests came to. Raises `TakenOver` as `record_test`."""
        self._change(uuid, attempt=attempt, status=status, error=error, ended_at=time.time())

    def forget_verification(self, uuid: str) -> None:
        """Delete a verification with its tests; none is fine."""
        with self.writing() as session:
            session.execute(delete(VerificationRow).where(VerificationRow.uuid == uuid))

    def verification(self, uuid: str) -> VerificationRow | None:
        """Return a verification; its tests are asked for apart."""
        with self.reading() as session:
            return session.get(VerificationRow, uuid)

    def verifications(self, *, cloud: str | None = None, limit: int | None = 100) -> list[VerificationRow]:
        """Return the latest verifications, of one cloud or of all, the latest first; `limit` of None: all of them."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(limit)
        if cloud is not None:
            query = query.where(VerificationRow.cloud == cloud)
        with self.reading() as session:
            return list(session.scalars(query))

    def find_verification(self, given: str) -> VerificationRow:
        """Return the verification of a uuid or the beginning of one; `last` is the latest that was begun."""
        query = select(VerificationRow).order_by(VerificationRow.started_at.desc()).limit(2)
        if given != "last":
            query = query.where(VerificationRow.uuid.startswith(given, autoescape=True))
        with self.reading() as session:
            found = list(session.scalars(query))
        if not found or not given:
            raise RallycrossError(f"verification {given!r}: there is none - ./rallycross verify history names all")
        if given != "last" and len(found) > 1:
            raise RallycrossError(f"verification {given!r}: there are several - give more of its uuid")
        return found[0]

    def tests(self, verification_uuid: str, *, after: int = 0) -> list[TestRow]:
        """Return the tests that have ended, in the order in which they did; those behind the row `after` only."""
        query = select(TestRow).where(TestRow.verification_uuid == verification_uuid, TestRow.id > after)
        with self.reading() as session:
            return list(session.scalars(query.order_by(TestRow.id)))

    def test_counts(self, verification_uuids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return how many tests of each verification have which status."""
        query = (
            select(TestRow.verification_uuid, TestRow.status, func.count())
            .where(TestRow.verification_uuid.in_(verification_uuids))
            .group_by(TestRow.verification_uuid, TestRow.status)
        )
        counts: dict[str, dict[str, int]] = {uuid: {} for uuid in verification_uuids}
        with self.reading() as session:
            for uuid, status, count in session.execute(query):
                counts[uuid][status] = count
        return counts

    def test_history(self, name: str, *, cloud: str | None = None, limit: int = 20) -> list[TestEnd]:
        """Return how a test ended in the latest verifications that ran it, the latest first."""
        query = (
            select(VerificationRow, TestRow)
            .join(TestRow, TestRow.verification_uuid == VerificationRow.uuid)
            .where(TestRow.name == name)
            .order_by(VerificationRow.started_at.desc())
            .limit(limit)
        )
        if cloud is not None:
            query = query.where(VerificationRow.cloud == cloud)
        with self.reading() as session:
            return [TestEnd(verification, test) for verification, test in session.execute(query)]

    def _change(self, uuid: str, *, attempt: int | None = None, **values: Any) -> None:
        with self.writing() as session:
            if attempt is not None:
                self._mine(session, uuid, attempt)
            session.execute(update(VerificationRow).where(VerificationRow.uuid == uuid).values(**values))

    @staticmethod
    def _mine(session: Any, uuid: str, attempt: int) -> VerificationRow:
        """Return the row, held against others until the transaction ends; raise where somebody else has taken it up."""
        row: VerificationRow | None = session.get(VerificationRow, uuid, with_for_update=True)
        if row is None:
            raise RallycrossError(f"verification {uuid}: there is none - begin it first")
        if row.attempt != attempt:
            raise TakenOver(f"verification {uuid}: attempt {row.attempt} has taken over from attempt {attempt}")
        return row


def _columns(verification_uuid: str, test: TestResult) -> dict[str, Any]:
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
