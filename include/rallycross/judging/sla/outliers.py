"""Rally's criteria for evenness: the number of outliers, and the slowest iteration against the fastest."""

from math import sqrt
from typing import Any, Self

from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, complain_of_keys, criterion, is_number
from rallycross.judging.steps import Steps
from rallycross.load.histogram import SECOND, Histogram
from rallycross.results.sla_row import SlaRow

_MOST_STEPS = 4096
_WIDTHS = tuple(2**power for power in range(48))  # iterations


@criterion
class Outliers(Criterion):
    """At most `max` (default: 0) iterations may take longer than mean + `sigmas` (3.0) x deviation.

    As in Rally, only iterations that did not fail count, and each is compared with the mean and deviation of those
    before it, from the `min_iterations`th (default: 3) on. So an early iteration may count although it is not an
    outlier of the whole load. "Before" means a lower iteration number, so the verdict does not depend on chance; Rally
    uses the order in which results arrive. In a load of more than 4096 iterations, steps of equally many iterations (a
    4096th of the load or more) are compared with the steps before them, by durations that are accurate to 0.1 %.
    """

    name = "outliers"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{max: 0 or more, min_iterations: 3 or more, sigmas: above 0}`; each is optional."""
        if argument == {}:
            return None
        if what := complain_of_keys(argument, ("max", "min_iterations", "sigmas"), "`max`, `min_iterations`, `sigmas`"):
            return what
        for key, least in (("max", 0), ("min_iterations", 3)):
            value = argument.get(key, least)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                return f"`{key}` must be a whole number of {least} or more, not {value!r}"
        sigmas = argument.get("sigmas", 3.0)
        if not is_number(sigmas) or not sigmas > 0:
            return f"`sigmas` must be a number above 0, not {sigmas!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.most = int(argument.get("max", 0))
        self.enough = int(argument.get("min_iterations", 3))
        self.sigmas = float(argument.get("sigmas", 3.0))
        self.steps = Steps(_WIDTHS, _MOST_STEPS)

    def add(self, batch: Batch) -> None:
        """Add the durations of iterations that did not fail, by number."""
        self.steps.add(batch.iteration[~batch.failed], batch.duration[~batch.failed])

    def merge(self, other: Self) -> None:
        """Merge the steps."""
        self.steps.merge(other.steps)

    def close(self) -> SlaRow:
        """Return the row, from the iterations in ascending order."""
        outliers, count, total, squares = 0, 0, 0, 0
        for step in self.steps:
            if count >= 2 and count + 1 >= self.enough:
                limit = _limit(count, total, squares, self.sigmas)
                if limit > 0:
                    outliers += _above(step, limit)
            count, total, squares = count + step.count, total + step.total, squares + step.squares
        detail = (
            f"{outliers} of {count} iterations took longer than mean + {self.sigmas:g} x deviation of those before, "
            f"wanted at most {self.most}"
        )
        return SlaRow(self.name, outliers <= self.most, detail)

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - see below
        """Return False: a running iteration with a lower number may still raise the limit for later ones."""
        return False


@criterion
class PerformanceDegradation(Criterion):
    """The slowest iteration that did not fail may take at most `max_degradation` % longer than the fastest.

    Rally fails with an error if one took no time; here that counts as a nanosecond.
    """

    name = "performance_degradation"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{max_degradation: percent}`."""
        if what := complain_of_keys(argument, ("max_degradation",), "`max_degradation`, in percent"):
            return what
        value = argument["max_degradation"]
        if not is_number(value) or value < 0:
            return f"`max_degradation` must be a number of percent, 0 or more, not {value!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.limit = float(argument["max_degradation"])
        self.durations = Histogram()

    def add(self, batch: Batch) -> None:
        """Add the durations of iterations that did not fail."""
        self.durations.add(batch.duration[~batch.failed])

    def merge(self, other: Self) -> None:
        """Keep the fastest and the slowest."""
        self.durations.merge(other.durations)

    def close(self) -> SlaRow:
        """Return the row; without successful iterations it passes."""
        fastest, slowest = max(self.durations.least or 0, 1), max(self.durations.greatest or 0, 1)
        degradation = (slowest / fastest - 1) * 100
        detail = (
            f"the slowest took {slowest / SECOND:.3f} s, the fastest {fastest / SECOND:.3f} s: "
            f"{degradation:.1f} % more, wanted at most {self.limit:g} %"
            if len(self.durations)
            else f"no iteration succeeded, wanted at most {self.limit:g} %"
        )
        return SlaRow(self.name, degradation <= self.limit, detail)

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - more iterations lie further apart, or as far
        """Return whether the limit is exceeded: further iterations cannot narrow the gap."""
        return not self.close().passed


def _limit(count: int, total: int, squares: int, sigmas: float) -> float:
    """Return mean + sigmas x the sample's standard deviation, in nanoseconds."""
    return total / count + sigmas * sqrt((count * squares - total * total) / (count * (count - 1)))


def _above(step: Histogram, limit: float) -> int:
    """Return how many durations of a step are above a limit; exact for a single one, and if all or none are."""
    if (step.greatest or 0) <= limit:
        return 0
    return step.count if (step.least or 0) > limit else max(step.above(int(limit)), 1)
