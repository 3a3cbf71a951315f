"""The result of a test in a verification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["success", "fail", "skip", "xfail", "uxsuccess"]
Outcome = Literal["passed", "failed", "skipped"]

# An unexpected success counts as a failure: the expectation about the cloud is wrong.
OUTCOMES: Mapping[Status, Outcome] = {
    "success": "passed",
    "xfail": "passed",
    "fail": "failed",
    "uxsuccess": "failed",
    "skip": "skipped",
}
PASSED = frozenset[str](status for status, outcome in OUTCOMES.items() if outcome == "passed")
FAILED = frozenset[str](status for status, outcome in OUTCOMES.items() if outcome == "failed")


def outcomes(statuses: Mapping[str, int]) -> dict[Outcome, int]:
    """Return how many tests passed, failed and were skipped, from the counts of their statuses."""
    counts: dict[Outcome, int] = {"passed": 0, "failed": 0, "skipped": 0}
    for status, outcome in OUTCOMES.items():
        counts[outcome] += statuses.get(status, 0)
    return counts


@dataclass(frozen=True)
class TestResult:
    """A test that has ended. Statuses are Rally's."""

    __test__ = False  # not for pytest to collect

    name: str  # dotted id without attributes
    status: Status
    started: float  # seconds since the epoch
    seconds: float
    tags: tuple[str, ...] = ()  # "smoke", "id-...", ...
    reason: str = ""  # why it was skipped
    traceback: str = ""
