"""The store's part for verifications and their tests."""

import time
from typing import Any, Literal

from sqlalchemy import delete, select, update

from rallycross.results.database import Database
from rallycross.results.models import TestRow, VerificationRow
from rallycross.verification.test import TestResult


class Verifications(Database):
    """Keeps the tests of a verification as they end."""

    def begin_verification(
        self, uuid: str, *, cloud: str, chosen: str, total: int, environment: dict[str, Any]
    ) -> None:
        """Begin a verification; one that was begun before starts over, without the tests of the attempt before."""
        values = {
            "uuid": uuid,
            "cloud": cloud,
            "chosen": chosen,
            "total": total,
            "environment": environment,
            "status": "running",
            "started_at": time.time(),
            "ended_at": None,
            "error": "",
        }
        with self.writing() as session:
            self.upsert(
                session, VerificationRow, values, key=["uuid"], update=[name for name in values if name != "uuid"]
            )
            session.execute(delete(TestRow).where(TestRow.verification_uuid == uuid))

    def record_test(self, verification_uuid: str, test: TestResult) -> None:
        """Keep how a test ended."""
        values = {
            "verification_uuid": verification_uuid,
            "name": test.name,
            "status": test.status,
            "started_at": test.started,
            "seconds": test.seconds,
            "tags": list(test.tags),
            "reason": test.reason,
            "traceback": test.traceback,
        }
        key = ["verification_uuid", "name"]
        with self.writing() as session:
            self.upsert(session, TestRow, values, key=key, update=[name for name in values if name not in key])

    def end_verification(self, uuid: str, *, status: Literal["finished", "crashed"], error: str = "") -> None:
        """Say how a verification ended: `finished` whatever its tests came to."""
        with self.writing() as session:
            session.execute(
                update(VerificationRow)
                .where(VerificationRow.uuid == uuid)
                .values(status=status, error=error, ended_at=time.time())
            )

    def verification(self, uuid: str) -> VerificationRow | None:
        """Return a verification; its tests are asked for apart."""
        with self.reading() as session:
            return session.get(VerificationRow, uuid)

    def tests(self, verification_uuid: str) -> list[TestRow]:
        """Return the tests that have ended, in the order in which they did."""
        with self.reading() as session:
            return list(
                session.scalars(
                    select(TestRow).where(TestRow.verification_uuid == verification_uuid).order_by(TestRow.id)
                )
            )
