"""The tests of a verification, by service, by cause of failure and by duration."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rallycross.judging.causes import causes, request_ids
from rallycross.results.models import TestRow
from rallycross.verification.test import OUTCOMES, Outcome, outcomes

_SERVICE = re.compile(r"\btempest\.(?:api\.)?(\w+)")
_PLUGIN = re.compile(r"(\w+)_tempest(?:_plugin)?\.")
_SLOWEST = 10  # slowest tests that are listed
_OUTCOMES: Mapping[str, Outcome] = {str(status): outcome for status, outcome in OUTCOMES.items()}


@dataclass(frozen=True)
class EndedTest:
    """A test that has ended."""

    name: str
    service: str
    status: str
    outcome: Outcome
    seconds: float
    reason: str  # why it was skipped
    traceback: str

    @property
    def requests(self) -> list[str]:
        """The ids of the test's API requests that appear in its traceback."""
        return request_ids(self.traceback)


@dataclass(frozen=True)
class ServiceTests:
    """The tests of one service."""

    service: str
    passed: int
    failed: int
    skipped: int
    seconds: float  # sum of all


@dataclass(frozen=True)
class FailedTests:
    """Tests that failed for the same cause."""

    message: str  # without parts that differ between the tests
    tests: tuple[EndedTest, ...]


@dataclass(frozen=True)
class VerificationView:
    """The tests of a verification that have ended."""

    counts: dict[Outcome, int]
    services: tuple[ServiceTests, ...]  # by name
    causes: tuple[FailedTests, ...]  # the most frequent first
    slowest: tuple[EndedTest, ...]  # of those that ran
    tests: tuple[EndedTest, ...]  # in the order in which they ended


def verification_view(rows: Sequence[TestRow]) -> VerificationView:
    """Return the view of a verification with these tests."""
    tests = tuple(map(_test, rows))
    ran = [test for test in tests if test.outcome != "skipped"]
    return VerificationView(
        counts=outcomes(Counter(test.status for test in tests)),
        services=tuple(_of_service(name, tests) for name in sorted({test.service for test in tests})),
        causes=tuple(FailedTests(cause.message, tuple(map(_test, cause.tests))) for cause in causes(rows)),
        slowest=tuple(sorted(ran, key=lambda test: -test.seconds)[:_SLOWEST]),
        tests=tests,
    )


def service(name: str) -> str:
    """Return `compute` for `tempest.api.compute.…`, `neutron` for `neutron_tempest_plugin.…`, else the first word."""
    found = _SERVICE.search(name) or _PLUGIN.match(name)
    return found[1] if found else name.partition(".")[0]


def _test(row: TestRow) -> EndedTest:
    return EndedTest(
        row.name, service(row.name), row.status, _OUTCOMES[row.status], row.seconds, row.reason, row.traceback
    )


def _of_service(name: str, tests: Sequence[EndedTest]) -> ServiceTests:
    own = [test for test in tests if test.service == name]
    counts = outcomes(Counter(test.status for test in own))
    return ServiceTests(name, **counts, seconds=sum(test.seconds for test in own))
