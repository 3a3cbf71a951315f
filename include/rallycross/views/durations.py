"""The table of a workload's durations; all displays use the same figures, those that were judged."""

from dataclasses import dataclass

from rallycross.results.workload_figures import DURATIONS, ActionFigures, WorkloadFigures


@dataclass(frozen=True)
class Spread:
    """The range of durations in one row, as fractions of the longest in the table, for drawing a bar."""

    least: float
    p50: float
    p95: float
    most: float


@dataclass(frozen=True)
class DurationRow:
    """A row of the table."""

    name: str
    depth: int  # nesting of actions
    seconds: tuple[float | None, ...]  # one figure per column
    count: int
    failed: int
    spread: Spread | None  # None if there is nothing to draw
    from_start: bool = False  # the row of times from the actual start, for a load with a pace


@dataclass(frozen=True)
class DurationTable:
    """Rows for the total, the time from the actual start (for a load with a pace), and the actions."""

    columns: tuple[str, ...]  # the figures that at least one row has
    rows: tuple[DurationRow, ...]


def duration_table(figures: WorkloadFigures) -> DurationTable:
    """Return the table of a workload's figures; without figures it has no rows."""
    shown = [one for one in (figures.total, figures.service, *figures.actions) if one is not None]
    columns = tuple(name for name in DURATIONS if any(one.durations[name] is not None for one in shown))
    longest = max((one.max or 0.0 for one in shown), default=0.0)
    rows = (
        DurationRow(
            one.name,
            one.depth,
            tuple(one.durations[name] for name in columns),
            one.count,
            one.failed,
            _spread(one, longest),
            from_start=one is figures.service,
        )
        for one in shown
    )
    return DurationTable(columns, tuple(rows))


def _spread(one: ActionFigures, longest: float) -> Spread | None:
    if not one.max or not longest or one.min is None or one.p50 is None or one.p95 is None:
        return None
    return Spread(one.min / longest, one.p50 / longest, one.p95 / longest, one.max / longest)
