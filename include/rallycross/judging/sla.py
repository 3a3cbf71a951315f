"""SLA: what a workload must keep to, with Rally's names, arguments and rules.

A criterion has two parts: `complain(argument)` says what is wrong with the argument that a task file gives it, and its
class folds samples into one row. A fold merges, so the shards of a load are judged as the whole would be.
"""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.results.sla_row import SlaRow

# Rows beside the criteria; none of them can be passed.
ABORTED_ON_SLA = "aborted_on_sla"
ABORTED_MANUALLY = "aborted_manually"
SOMETHING_WENT_WRONG = "something_went_wrong"

_NANOSECONDS = 1e9


class Criterion(ABC):
    """One criterion with its argument, as a fold over samples."""

    name: str

    @staticmethod
    @abstractmethod
    def complain(argument: Any) -> str | None:
        """Return what is wrong with the argument, if anything."""

    @abstractmethod
    def __init__(self, argument: Any) -> None:
        """Begin with no samples; the argument is one that `complain` has nothing against."""

    @abstractmethod
    def add(self, batch: Batch) -> None:
        """Take some samples."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take what another of the same argument has taken."""

    @abstractmethod
    def close(self) -> SlaRow:
        """Return the row. More may be added, and the row be asked for again."""


class FailureRate(Criterion):
    """The share of iterations that failed, in percent, must be from `min` (default: 0) to `max` (default: 100)."""

    name = "failure_rate"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Want `{min: 0-100, max: 0-100}`, at least one of them."""
        if not isinstance(argument, dict) or not argument:
            return "must be a mapping with `min`, `max` or both, in percent"
        unknown = sorted(str(key) for key in argument if key not in {"min", "max"})
        if unknown:
            return f"has no {', '.join(unknown)}; it has `min` and `max`"
        for key, value in argument.items():
            if not _is_number(value) or not 0 <= value <= 100:
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
        """Judge; where nothing ran, nothing failed."""
        rate = 100 * self.failed / self.total if self.total else 0.0
        passed = self.low <= rate <= self.high
        wanted = f"at most {self.high:g} %" if self.low == 0 else f"{self.low:g} to {self.high:g} %"
        detail = f"{self.failed} of {self.total} iterations failed: {rate:.2f} %, wanted {wanted}"
        return SlaRow(self.name, passed, detail)


class MaxAvgDuration(Criterion):
    """The mean duration of the iterations that did not fail must be at most so many seconds."""

    name = "max_avg_duration"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Want a number of seconds above 0."""
        if not _is_number(argument) or not argument > 0:
            return f"must be a number of seconds above 0, not {argument!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.limit = float(argument)
        self.count = 0
        self.total_ns = 0  # whole nanoseconds, so that the order of merging cannot matter

    def add(self, batch: Batch) -> None:
        """Take the durations of iterations that did not fail."""
        durations = batch.duration[~batch.failed]
        self.count += len(durations)
        self.total_ns += int(np.rint(durations * _NANOSECONDS).astype(np.int64).sum())

    def merge(self, other: Self) -> None:
        """Add the sums."""
        self.count += other.count
        self.total_ns += other.total_ns

    def close(self) -> SlaRow:
        """Judge; where no iteration went well, there is no mean to be too long."""
        mean = self.total_ns / self.count / _NANOSECONDS if self.count else 0.0
        detail = f"the mean of {self.count} iterations is {mean:.3f} s, wanted at most {self.limit:g} s"
        return SlaRow(self.name, mean <= self.limit, detail)


CRITERIA: dict[str, type[Criterion]] = {kind.name: kind for kind in (FailureRate, MaxAvgDuration)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
