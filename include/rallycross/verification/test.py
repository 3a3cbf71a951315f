"""One test of a verification, as it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["success", "fail", "skip", "xfail", "uxsuccess"]
Outcome = Literal["passed", "failed", "skipped"]

# A test that is expected to fail and does not is wrong about the cloud.
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
    """Return how many tests passed, failed and were skipped, of how many have which status."""
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
