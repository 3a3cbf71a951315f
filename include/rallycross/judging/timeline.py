"""The course of a load over time, as a fold: in steps of a second, shorter or longer for short or long loads."""

import numpy as np

from rallycross.judging.batch import Batch, grouped
from rallycross.judging.steps import Steps
from rallycross.load.histogram import SECOND, Histogram, nanoseconds
from rallycross.results.workload_figures import ActionCourse, ActionCourses, Course

MOST_STEPS = 1200  # a screen cannot show more
MOST_ACTION_STEPS = 240  # fewer, since there are many actions
_ENOUGH_STEPS = 40  # a load of fewer seconds has steps shorter than a second
_MILLISECOND = 10**6
# Each divides the next: 1 ms to 1 s, then to a day.
_WIDTHS = (
    *(width * _MILLISECOND for width in (1, 5, 10, 50, 100, 500)),
    *(width * SECOND for width in (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21600, 86400)),
)


class Timeline:
    """Collects end, duration and failure of iterations, and the durations of their actions, over time."""

    def __init__(self) -> None:
        self._well = Steps(_WIDTHS, MOST_STEPS)
        self._failed = Steps(_WIDTHS, MOST_STEPS)
        self._actions: dict[str, Steps] = {}

    def add(self, batch: Batch) -> None:
        """Add samples."""
        ended = np.maximum(nanoseconds(batch.ended), 0)
        self._failed.add(ended[batch.failed], batch.duration[batch.failed])
        self._well.add(ended[~batch.failed], batch.duration[~batch.failed])
        actions = batch.actions
        chosen = np.flatnonzero((actions.depth == 0) & ~actions.failed)
        for code, positions in grouped(actions.code[chosen]):
            taken = chosen[positions]
            self._action(actions.names[code]).add(ended[actions.sample[taken]], actions.duration[taken])

    def merge(self, other: "Timeline") -> None:
        """Add the samples of another fold."""
        self._well.merge(other._well)
        self._failed.merge(other._failed)
        for name, steps in other._actions.items():
            self._action(name).merge(steps)

    def close(self) -> Course:
        """Return the course of the load, and that of its actions in separate steps."""
        width = _shown(self._well, self._failed)
        well, failed = self._well.at_width(width), self._failed.at_width(width)
        steps = max([*well, *failed], default=-1) + 1
        none = Histogram()
        mean, p50, p95, p99 = _columns(well, steps, (50, 95, 99))
        return Course(
            width=width / SECOND,
            at=_axis(width, steps),
            count=tuple(len(well.get(step, none)) + len(failed.get(step, none)) for step in range(steps)),
            failed=tuple(len(failed.get(step, none)) for step in range(steps)),
            mean=mean,
            p50=p50,
            p95=p95,
            p99=p99,
            actions=self._close_actions(),
        )

    def _close_actions(self) -> ActionCourses:
        width = _shown(*self._actions.values())
        found = {name: self._actions[name].at_width(width) for name in sorted(self._actions)}
        steps = max((step for histograms in found.values() for step in histograms), default=-1) + 1
        series = {name: ActionCourse(*_columns(histograms, steps, (50, 95))) for name, histograms in found.items()}
        return ActionCourses(width / SECOND, _axis(width, steps), series)

    def _action(self, name: str) -> Steps:
        return self._actions.setdefault(name, Steps(_WIDTHS, MOST_ACTION_STEPS))


def _shown(*series: Steps) -> int:
    """Return the width to show: the largest one up to a second that gives enough steps."""
    held = max((steps.width for steps in series), default=SECOND)
    end = max((max(steps.at_width(held), default=0) + 1 for steps in series), default=0) * held
    return max(held, next((width for width in _WIDTHS if end <= width * _ENOUGH_STEPS or width == SECOND), SECOND))


def _axis(width: int, steps: int) -> tuple[float, ...]:
    return tuple(step * width / SECOND for step in range(steps))


def _columns(
    histograms: dict[int, Histogram], steps: int, shares: tuple[int, ...]
) -> tuple[tuple[float | None, ...], ...]:
    """Return the mean and the percentiles of each step."""
    missing = [None] * (1 + len(shares))
    rows = [
        [histogram.mean(), *histogram.percentiles(shares)] if (histogram := histograms.get(step)) else missing
        for step in range(steps)
    ]
    return tuple(tuple(row[place] for row in rows) for place in range(len(missing)))
