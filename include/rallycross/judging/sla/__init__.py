"""The SLA criteria: Rally's six with Rally's names, arguments and rules, and five more."""

from rallycross.judging.sla.averages import MaxAvgDuration, MaxAvgDurationPerAtomic, MaxSecondsPerIteration
from rallycross.judging.sla.criterion import Criterion
from rallycross.judging.sla.failing import ErrorBudget, FailureRate
from rallycross.judging.sla.leaks import LeakedResources
from rallycross.judging.sla.outliers import Outliers, PerformanceDegradation
from rallycross.judging.sla.percentiles import Percentile
from rallycross.judging.sla.rates import ScheduleKept, Throughput

# Rows in addition to the criteria. They exist only when failed.
ABORTED_ON_SLA = "aborted_on_sla"
ABORTED_MANUALLY = "aborted_manually"
SOMETHING_WENT_WRONG = "something_went_wrong"
INVALID_LOAD = "invalid_load"
LEFT_BEHIND = "left_behind"

CRITERIA: dict[str, type[Criterion]] = {
    kind.name: kind
    for kind in (
        FailureRate,
        MaxSecondsPerIteration,
        MaxAvgDuration,
        MaxAvgDurationPerAtomic,
        Outliers,
        PerformanceDegradation,
        Percentile,
        Throughput,
        ErrorBudget,
        ScheduleKept,
        LeakedResources,
    )
}

__all__ = [
    "ABORTED_MANUALLY",
    "ABORTED_ON_SLA",
    "CRITERIA",
    "INVALID_LOAD",
    "LEFT_BEHIND",
    "SOMETHING_WENT_WRONG",
    "Criterion",
]
