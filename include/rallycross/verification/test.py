"""One test of a verification, as it ended."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["success", "fail", "skip", "xfail", "uxsuccess"]


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
