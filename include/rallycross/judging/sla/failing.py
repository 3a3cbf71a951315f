"""Criteria for failures: their share, and their kinds."""

import re
from collections import Counter
from typing import Any, Self

from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, complain_of_keys, criterion, is_number, percent
from rallycross.results.sla_row import SlaRow

# The status of an answer in messages of OpenStack clients: "GET http://...: 503 ...", "HttpException: 503: ...",
# "... (HTTP 500)".
_STATUS = re.compile(r"(?:: |\(HTTP )([1-5]\d\d)\b")
_KEY = re.compile(r"(?P<kind>\*|[^\s*]+)(?:\s+(?P<status>[1-5](?:\d\d|xx)))?")


@criterion
class FailureRate(Criterion):
    """The share of iterations that failed, in percent, must be from `min` (default: 0) to `max` (default: 100)."""

    name = "failure_rate"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{min: 0-100, max: 0-100}`, at least one of them."""
        if what := complain_of_keys(argument, ("min", "max"), "`min`, `max` or both, in percent"):
            return what
        for key, value in argument.items():
            if not is_number(value) or not 0 <= value <= 100:
                return f"`{key}` must be a number from 0 to 100, not {value!r}"
        if argument.get("min", 0) > argument.get("max", 100):
            return f"`min` {argument['min']} is above `max` {argument['max']}"
        return None

    def __init__(self, argument: Any) -> None:
        self.low = float(argument.get("min", 0))
        self.high = float(argument.get("max", 100))
        self.total = 0
        self.failed = 0

    def add(self, batch: Batch) -> None:
        """Count all iterations."""
        self.total += len(batch)
        self.failed += int(batch.failed.sum())

    def merge(self, other: Self) -> None:
        """Add the counts."""
        self.total += other.total
        self.failed += other.failed

    def close(self) -> SlaRow:
        """Return the row; without iterations it passes, as in Rally (another row says that nothing was measured)."""
        rate = 100 * self.failed / self.total if self.total else 0.0
        passed = not self.total or self.low <= rate <= self.high
        wanted = f"at most {self.high:g} %" if self.low == 0 else f"{self.low:g} to {self.high:g} %"
        wanted = f"exactly {self.low:g} %" if self.low == self.high != 0 else wanted
        detail = f"{self.failed} of {self.total} iterations failed: {rate:.2f} %, wanted {wanted}"
        return SlaRow(self.name, passed, detail)

    def hopeless(self, expected: int | None) -> bool:
        """Assume for `max` that no further iteration fails, and for `min` that all do."""
        if expected is None:
            return (self.high == 0 and self.failed > 0) or (self.low == 100 and self.failed < self.total)
        expected = max(expected, self.total, 1)
        succeeded = self.total - self.failed
        return 100 * self.failed / expected > self.high or 100 * (expected - succeeded) / expected < self.low


@criterion
class ErrorBudget(Criterion):
    """The share of iterations that fail with each class of errors must not exceed its budget, in percent.

    A class is the kind of a failure, as the report names it, alone or with the status of the answer: `ApiError`,
    `ApiError 503`, `ApiError 5xx`. A failure counts for every class that it belongs to; `*` is for failures that belong
    to no other class. Failures without a class are not judged here: `failure_rate` is for all failures.
    """

    name = "error_budget"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{<kind> [<status>]: percent}`."""
        if not isinstance(argument, dict) or not argument:
            return 'must be a mapping of errors to shares, such as {"ApiError 5xx": 1 %, TimedOut: 0.5 %, "*": 0}'
        for key, value in argument.items():
            found = _KEY.fullmatch(str(key))
            if not found or (found["kind"] == "*" and found["status"]):
                return f"{key!r} is not a class of errors: write `ApiError`, `ApiError 503`, `ApiError 5xx` or `*`"
            if percent(value) is None:
                return f"`{key}` must be a share from 0 to 100 %, such as `1 %` or 0.5, not {value!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.budgets = {str(key): percent(value) or 0.0 for key, value in argument.items()}
        self.total = 0
        self.failed: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Count all iterations, and the failures by class."""
        self.total += len(batch)
        for _, failure in batch.failures:
            classes = [key for key in self.budgets if _belongs(key, failure["kind"], failure["message"])]
            self.failed.update(classes or ["*"])

    def merge(self, other: Self) -> None:
        """Add the counts."""
        self.total += other.total
        self.failed.update(other.failed)

    def close(self) -> SlaRow:
        """Return the row, with each class; without iterations it passes."""
        shares = {key: 100 * self.failed[key] / self.total if self.total else 0.0 for key in self.budgets}
        told = ", ".join(
            f"{key}: {self.failed[key]} of {self.total} iterations, {shares[key]:.2f} %, budget {budget:g} %"
            for key, budget in self.budgets.items()
        )
        return SlaRow(self.name, all(shares[key] <= budget for key, budget in self.budgets.items()), told)

    def hopeless(self, expected: int | None) -> bool:
        """Assume that no further iteration fails."""
        if expected is None:
            return any(not budget and self.failed[key] for key, budget in self.budgets.items())
        expected = max(expected, self.total, 1)
        return any(100 * self.failed[key] / expected > budget for key, budget in self.budgets.items())


def _belongs(key: str, kind: str, message: str) -> bool:
    wanted, _, status = key.partition(" ")
    if wanted != kind or not status.strip():
        return wanted == kind
    found = _STATUS.search(message)
    wanted = status.strip()
    return found is not None and (found[1] == wanted or (wanted.endswith("xx") and found[1][0] == wanted[0]))
