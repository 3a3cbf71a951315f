"""What one SLA criterion came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SlaRow:
    """A criterion, whether the workload met it, and a sentence with the figures."""

    criterion: str
    passed: bool
    detail: str
