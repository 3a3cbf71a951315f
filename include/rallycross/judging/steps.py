"""Histograms along an axis, such as time. Steps widen as the axis grows, so their number is bounded."""

from collections.abc import Iterator, Sequence

from rallycross.judging.batch import grouped
from rallycross.load.histogram import Histogram, Integers


class Steps:
    """Counts durations by their position on the axis.

    In `widths` each width divides the next. The current width is the smallest that gives at most `most` steps, or the
    last one. It depends only on the greatest position, so the order of adding and merging does not matter.
    """

    def __init__(self, widths: Sequence[int], most: int) -> None:
        self._widths = widths
        self._most = most
        self._at = 0  # index of the current width
        self._steps: dict[int, Histogram] = {}

    @property
    def width(self) -> int:
        """The current width."""
        return self._widths[self._at]

    def add(self, place: Integers, durations: Integers) -> None:
        """Count durations, each at its position (0 or more)."""
        if not len(place):
            return
        self._make_room(int(place.max()))
        for step, positions in grouped(place // self.width):
            self._step(step).add(durations[positions])

    def merge(self, other: "Steps") -> None:
        """Add the counts of another one with the same widths."""
        self._widen(other.width)
        self._take(other._steps, self.width // other.width)
        self._make_room(max(self._steps, default=0) * self.width)

    def at_width(self, width: int) -> dict[int, Histogram]:
        """Return the histograms by step for one of the widths, not smaller than the current one."""
        if width == self.width:
            return self._steps
        wider = Steps((width,), self._most)
        wider._take(self._steps, width // self.width)
        return wider._steps

    def __iter__(self) -> Iterator[Histogram]:
        """Yield the histograms in the order of the axis."""
        return (self._steps[step] for step in sorted(self._steps))

    def _make_room(self, place: int) -> None:
        needed = next((width for width in self._widths if place // width < self._most), self._widths[-1])
        self._widen(needed)

    def _widen(self, width: int) -> None:
        if width <= self.width:
            return
        steps, factor = self._steps, width // self.width
        self._at, self._steps = self._widths.index(width), {}
        self._take(steps, factor)

    def _take(self, steps: dict[int, Histogram], factor: int) -> None:
        for step, histogram in steps.items():
            self._step(step // factor).merge(histogram)

    def _step(self, step: int) -> Histogram:
        return self._steps.setdefault(step, Histogram())
