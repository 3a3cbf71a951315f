"""The store's part for the tests of verifications."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.store_part import StorePart
from rallycross.results.verifications import columns_of, locked
from rallycross.verification.test import FAILED, TestResult


@dataclass(frozen=True)
class PastTest:
    """The result of a test in an earlier verification."""

    __test__ = False  # not for pytest to collect

    verification: VerificationRow
    test: TestRow


class VerificationTests(StorePart):
    """Stores the results of tests as they end."""

    def record(self, verification_uuid: str, test: TestResult, *, attempt: int | None = None) -> None:
        """Store how a test ended. Raises `TakenOver` if a later attempt has begun."""
        values = columns_of(verification_uuid, test)
        key = ["verification_uuid", "name"]
        with self.database.writing() as session:
            if attempt is not None:
                locked(session, verification_uuid, attempt)
            self.database.upsert(session, TestRow, values, key=key, update=[name for name in values if name not in key])

    def of(self, verification_uuid: str, *, after: int = 0) -> list[TestRow]:
        """Return the tests that have ended, in that order; only those after the row `after`."""
        query = select(TestRow).where(TestRow.verification_uuid == verification_uuid, TestRow.id > after)
        with self.database.reading() as session:
            return list(session.scalars(query.order_by(TestRow.id)))

    def failed(self, verification_uuid: str, *, limit: int) -> list[str]:
        """Return the names of the first tests that failed."""
        query = (
            select(TestRow.name)
            .where(TestRow.verification_uuid == verification_uuid, TestRow.status.in_(FAILED))
            .order_by(TestRow.id)
            .limit(limit)
        )
        with self.database.reading() as session:
            return list(session.scalars(query))

    def counts(self, verification_uuids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return how many tests of each verification have which status."""
        query = (
            select(TestRow.verification_uuid, TestRow.status, func.count())
            .where(TestRow.verification_uuid.in_(verification_uuids))
            .group_by(TestRow.verification_uuid, TestRow.status)
        )
        counts: dict[str, dict[str, int]] = {uuid: {} for uuid in verification_uuids}
        with self.database.reading() as session:
            for uuid, status, count in session.execute(query):
                counts[uuid][status] = count
        return counts

    def history(self, name: str, *, cloud: str | None = None, limit: int = 20) -> list[PastTest]:
        """Return how a test ended in the latest verifications that ran it, latest first."""
        query = (
            select(VerificationRow, TestRow)
            .join(TestRow, TestRow.verification_uuid == VerificationRow.uuid)
            .where(TestRow.name == name)
            .order_by(VerificationRow.started_at.desc())
            .limit(limit)
        )
        if cloud is not None:
            query = query.where(VerificationRow.cloud == cloud)
        with self.database.reading() as session:
            return [PastTest(verification, test) for verification, test in session.execute(query)]
