"""The SLA criteria: Rally's six with Rally's names, arguments and rules, and five more."""

from rallycross.judging.sla.criterion import CRITERIA, Criterion

# Rows in addition to the criteria. They exist only when failed.
ABORTED_ON_SLA = "aborted_on_sla"
ABORTED_MANUALLY = "aborted_manually"
SOMETHING_WENT_WRONG = "something_went_wrong"
INVALID_LOAD = "invalid_load"
LEFT_BEHIND = "left_behind"

__all__ = [
    "ABORTED_MANUALLY",
    "ABORTED_ON_SLA",
    "CRITERIA",
    "INVALID_LOAD",
    "LEFT_BEHIND",
    "SOMETHING_WENT_WRONG",
    "Criterion",
]
