"""Criteria for rates: the throughput, and whether the schedule was kept."""

from typing import Any, Self

from rallycross.judging import schedule
from rallycross.judging.batch import Batch
from rallycross.judging.rate import per_second
from rallycross.judging.sla.criterion import Criterion, complain_of_keys, criterion, is_number, percent
from rallycross.results.sla_row import SlaRow
from rallycross.results.workload_figures import ScheduleFigures


@criterion
class Throughput(Criterion):
    """At least `min` iterations must succeed per second, from the first start to the last end."""

    name = "throughput"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{min: iterations a second}`."""
        if what := complain_of_keys(argument, ("min",), "`min`, in iterations a second"):
            return what
        if not is_number(argument["min"]) or not argument["min"] > 0:
            return f"`min` must be a number of iterations a second above 0, not {argument['min']!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.least = float(argument["min"])
        self.seen = 0
        self.well = 0
        self.first = float("inf")
        self.last = float("-inf")

    def add(self, batch: Batch) -> None:
        """Count iterations, and extend the time that they span."""
        self.seen += len(batch)
        self.well += int((~batch.failed).sum())
        self.first = min(self.first, float(batch.started.min(initial=self.first)))
        self.last = max(self.last, float(batch.ended.max(initial=self.last)))

    def merge(self, other: Self) -> None:
        """Add the counts, and span both times."""
        self.seen += other.seen
        self.well += other.well
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    def close(self) -> SlaRow:
        """Return the row; without successful iterations the throughput is 0."""
        seconds = self.last - self.first if self.seen else 0.0
        passed = self.well > 0 and self.well >= self.least * seconds
        rate = per_second(self.well, seconds)
        told = "no time has passed" if rate is None else f"{rate:.4g}/s"
        detail = f"{self.well} iterations succeeded in {seconds:.3f} s: {told}, wanted at least {self.least:g}/s"
        return SlaRow(self.name, passed, detail)

    def hopeless(self, expected: int | None) -> bool:
        """Assume that all further iterations succeed at once."""
        if expected is None or not self.seen:
            return False
        return self.well + max(expected - self.seen, 0) < self.least * (self.last - self.first)


@criterion
class ScheduleKept(Criterion):
    """At most these shares of the due iterations, in percent, may be `dropped`, `late` or `queued`.

    Dropped: did not run, since no worker was free. Queued: waited for a free worker. Late: started more than
    `judging.schedule.LATE` after its due time, although a worker was free. The named shares are judged only by this
    row: they do not make the load invalid.
    """

    name = "schedule"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{dropped: percent, late: percent, queued: percent}`, at least one of them."""
        known = ("dropped", "late", "queued")
        if what := complain_of_keys(argument, known, "`dropped`, `late`, `queued`, in percent of what was due"):
            return what
        for key, value in argument.items():
            if percent(value) is None:
                return f"`{key}` must be a share from 0 to 100 %, such as `1 %` or 0.5, not {value!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.limits = {key: percent(value) or 0.0 for key, value in argument.items()}
        self.schedule = schedule.Schedule()

    def add(self, batch: Batch) -> None:
        """Count the due iterations."""
        self.schedule.add(batch)

    def merge(self, other: Self) -> None:
        """Add the counts."""
        self.schedule.merge(other.schedule)

    def close(self) -> SlaRow:
        """Return the row, with each share; a closed loop passes."""
        figures = self.schedule.close()
        if figures is None:
            return SlaRow(self.name, passed=True, detail="no iteration had a due time: a closed loop has no schedule")
        counts = _counts(figures)
        shares = {key: 100 * counts[key] / figures.asked for key in self.limits}
        told = ", ".join(
            f"{key}: {counts[key]} of {figures.asked}, {shares[key]:.2f} %, wanted at most {limit:g} %"
            for key, limit in self.limits.items()
        )
        return SlaRow(self.name, all(shares[key] <= limit for key, limit in self.limits.items()), told)

    def hopeless(self, expected: int | None) -> bool:
        """Assume that all further iterations start in time."""
        figures = self.schedule.close()
        if figures is None:
            return False
        counts = _counts(figures)
        if expected is None:
            return any(not limit and counts[key] for key, limit in self.limits.items())
        expected = max(expected, figures.asked)
        return any(100 * counts[key] / expected > limit for key, limit in self.limits.items())


def _counts(figures: ScheduleFigures) -> dict[str, int]:
    """Return the number of dropped, late and queued iterations."""
    return {"dropped": figures.dropped, "late": figures.late, "queued": figures.queued}
