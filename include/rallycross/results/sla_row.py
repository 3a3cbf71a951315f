"""The result of one SLA criterion."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SlaRow:
    """A criterion, whether the workload met it, and a sentence with the figures."""

    criterion: str
    passed: bool
    detail: str
