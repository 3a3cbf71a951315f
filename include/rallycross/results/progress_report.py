"""How far a load is: the document in `workloads.progress`."""

from dataclasses import dataclass
from typing import Any

from rallycross.results.json_record import Record, read


@dataclass(frozen=True)
class ProgressReport(Record):
    """The progress of a load, as `benchmark.progress` reports it; times are in seconds, the rate is in 1/s."""

    done: int = 0
    failed: int = 0
    total: int | None = None  # None: not known
    dropped: int = 0
    queued: int = 0  # started late, once a worker was free
    start_p99: float | None = None  # of how late iterations were started; None: in a loop without a schedule
    rate: float | None = None
    p50: float | None = None
    p95: float | None = None
    elapsed: float = 0.0
    remaining: float | None = None


def progress_report(document: Any) -> ProgressReport | None:
    """Return the progress of a document; None if it is empty or cannot be read: the next one comes in a second."""
    return read(ProgressReport, document, "progress", []) if document else None
