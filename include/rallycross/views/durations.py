"""The table of a workload's durations: the figures that were judged, which are the same wherever they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rallycross.judging.durations import PERCENTILES

_FIGURES = ("min", *PERCENTILES, "max", "avg", "std")


@dataclass(frozen=True)
class DurationTable:
    """Rows as in `judging.durations`: the total, the time from the actual start where there is a pace, the actions."""

    columns: tuple[str, ...]  # the figures of which there is one in any row
    rows: tuple[Mapping[str, Any], ...]
    paced: bool  # whether the second row is the time from the actual start

    @property
    def longest(self) -> float:
        """The longest duration in it, in seconds."""
        return max((row["max"] or 0.0 for row in self.rows), default=0.0)


def duration_table(figures: Mapping[str, Any]) -> DurationTable:
    """Return the table of a workload's `statistics`; of one that was not judged, without rows."""
    rows = list(figures.get("rows", []))
    service = figures.get("service")
    if service:
        rows.insert(1, service)
    columns = tuple(name for name in _FIGURES if any(row.get(name) is not None for row in rows))
    return DurationTable(columns, tuple(rows), paced=bool(service))
