"""The figures of one recipe on several clouds, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from rallycross.results.models import TaskRow
from rallycross.results.workload_figures import ActionFigures
from rallycross.views import wording

_SHOWN = ("p50", "p95")  # durations


@dataclass(frozen=True)
class SideBySide:
    """A row for each workload, action and figure, with a text for each cloud."""

    clouds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # workload, action, figure, then a cell for each cloud

    def lines(self) -> list[str]:
        """Return the table as lines of text with aligned columns."""
        table = [("workload", "action", "figure", *self.clouds), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3 + len(self.clouds))]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def side_by_side(tasks: Mapping[str, TaskRow | None]) -> SideBySide:
    """Return the figures of a task on each cloud; None: the cloud does not have one, and its cells are empty."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for cloud, task in tasks.items():
        for workload in task.workloads if task else ():
            where = f"{workload.position + 1}. {workload.scenario}"
            figures = workload.figures
            for one in (figures.total, *figures.actions) if figures and figures.total else ():
                for figure, text in _cells(one):
                    found.setdefault((where, one.name, figure), {})[cloud] = text
            if figures and figures.throughput is not None:
                found.setdefault((where, "total", "throughput"), {})[cloud] = wording.rate(figures.throughput)
    clouds = tuple(tasks)
    rows = (
        (*key, *(cells.get(cloud, wording.NOTHING) for cloud in clouds))
        for key, cells in sorted(found.items(), key=lambda item: _place(item[0][0]))
    )
    return SideBySide(clouds, tuple(rows))


def _place(where: str) -> int:
    """Return the number of a workload; the order in it is kept."""
    return int(where.partition(".")[0])


def _cells(one: ActionFigures) -> list[tuple[str, str]]:
    durations = [(name, wording.duration(one.durations.get(name))) for name in _SHOWN]
    return [*durations, ("failed", wording.share(one.failed, one.count))]
