"""Rally's criteria for durations: the longest, the mean, and the mean of an action."""

from typing import Any, Self

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, criterion, is_number
from rallycross.load.histogram import SECOND
from rallycross.results.sla_row import SlaRow


@criterion
class MaxSecondsPerIteration(Criterion):
    """No iteration may take longer than a limit in seconds. Failed ones count as well, as in Rally."""

    name = "max_seconds_per_iteration"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require a number of seconds above 0."""
        return _complain_of_seconds(argument)

    def __init__(self, argument: Any) -> None:
        self.limit = float(argument)
        self.count = 0
        self.longest = 0  # nanoseconds

    def add(self, batch: Batch) -> None:
        """Add the durations of all iterations."""
        self.count += len(batch)
        self.longest = max(self.longest, int(batch.duration.max(initial=0)))

    def merge(self, other: Self) -> None:
        """Keep the longer duration."""
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def close(self) -> SlaRow:
        """Return the row; without iterations it passes."""
        seconds = self.longest / SECOND
        detail = f"the longest of {self.count} iterations took {seconds:.3f} s, wanted at most {self.limit:g} s"
        return SlaRow(self.name, seconds <= self.limit, detail)

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - one too long is enough
        """Return whether an iteration was too long: further ones cannot change that."""
        return not self.close().passed


@criterion
class MaxAvgDuration(Criterion):
    """The mean duration of the iterations that did not fail must not exceed a limit in seconds."""

    name = "max_avg_duration"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require a number of seconds above 0."""
        return _complain_of_seconds(argument)

    def __init__(self, argument: Any) -> None:
        self.limit = float(argument)
        self.seen = 0
        self.count = 0
        self.total = 0  # nanoseconds

    def add(self, batch: Batch) -> None:
        """Add the durations of iterations that did not fail."""
        durations = batch.duration[~batch.failed]
        self.seen += len(batch)
        self.count += len(durations)
        self.total += int(durations.sum())

    def merge(self, other: Self) -> None:
        """Add the sums."""
        self.seen += other.seen
        self.count += other.count
        self.total += other.total

    def close(self) -> SlaRow:
        """Return the row; without successful iterations it passes."""
        mean = self.total / (self.count * SECOND) if self.count else 0.0
        detail = f"the mean of {self.count} iterations is {mean:.3f} s, wanted at most {self.limit:g} s"
        return SlaRow(self.name, mean <= self.limit, detail)

    def hopeless(self, expected: int | None) -> bool:
        """Assume that all further iterations succeed and take no time."""
        if expected is None or not self.count:
            return False
        return self.total / ((self.count + max(expected - self.seen, 0)) * SECOND) > self.limit


@criterion
class MaxAvgDurationPerAtomic(Criterion):
    """The mean duration of each named action must not exceed its limit in seconds.

    As in Rally, every top-level occurrence in an iteration that did not fail counts, with its pauses. The mean of an
    action that never ran is 0, which passes. The row names those actions.
    """

    name = "max_avg_duration_per_atomic"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{<action>: seconds}`."""
        if not isinstance(argument, dict) or not argument:
            return "must be a mapping of actions to seconds, such as {nova.boot_server: 10}"
        for name, value in argument.items():
            if not is_number(value) or value < 0:
                return f"`{name}` must be a number of seconds, not {value!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.limits = {str(name): float(value) for name, value in argument.items()}
        self.counts = dict.fromkeys(self.limits, 0)
        self.totals = dict.fromkeys(self.limits, 0)  # nanoseconds

    def add(self, batch: Batch) -> None:
        """Add the top-level actions of iterations that did not fail."""
        actions = batch.actions
        chosen = (actions.depth == 0) & ~batch.failed[actions.sample]
        for code, name in enumerate(actions.names):
            if name in self.limits:
                durations = actions.duration[chosen & (actions.code == code)]
                self.counts[name] += len(durations)
                self.totals[name] += int(np.sum(durations))

    def merge(self, other: Self) -> None:
        """Add the sums."""
        for name in self.limits:
            self.counts[name] += other.counts[name]
            self.totals[name] += other.totals[name]

    def close(self) -> SlaRow:
        """Return the row, with each action."""
        means = {name: self.totals[name] / (count * SECOND) if count else 0.0 for name, count in self.counts.items()}
        told = [
            f"{name}: {f'{means[name]:.3f} s' if self.counts[name] else 'never ran'}, wanted at most {limit:g} s"
            for name, limit in self.limits.items()
        ]
        return SlaRow(self.name, all(means[name] <= limit for name, limit in self.limits.items()), "; ".join(told))

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - an iteration may have an action any number of times
        """Return False: later occurrences may lower any mean."""
        return False


def _complain_of_seconds(argument: Any) -> str | None:
    if not is_number(argument) or not argument > 0:
        return f"must be a number of seconds above 0, not {argument!r}"
    return None
