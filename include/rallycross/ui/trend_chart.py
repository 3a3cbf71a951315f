"""Charts of a history as inline SVG: they need no script, follow the theme, and print well."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from rallycross.printable import printable
from rallycross.secret import shown_text
from rallycross.views.trends import Point

_WIDTH, _HEIGHT = 900.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 14.0, 22.0, 34.0
_TICKS = 4
_LEAST = 1e-12  # what is smaller is drawn as nothing
_SPARK_WIDTH, _SPARK_HEIGHT = 120.0, 26.0
_SPARK_SHARE = 0.2  # of the largest value: smaller differences do not fill the height


@dataclass(frozen=True)
class Mark:
    """A run in the chart."""

    point: Point | None
    tone: str  # as in `page.TONES`
    href: str
    label: str  # what a pointer or a screen reader is told
    date: str
    changed: str = ""  # what changed in the environment; "" = nothing
    event: str = ""  # a change that was detected at this run


def chart(marks: Sequence[Mark], *, title: str, words: Callable[[float], str]) -> Markup:
    """Return the chart; `words` writes a value with its unit."""
    points = [mark.point for mark in marks if mark.point]
    if not points:
        return Markup("")
    top = max(point.high if point.high is not None else point.value for point in points)
    ticks = _ticks(top)
    across = _across(len(marks))
    every = max(1, math.ceil(len(marks) / 6))

    def down(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / ticks[-1]

    drawn = [
        f'<svg class="trend" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{_text(title)}">',
        *(_tick(down(tick), words(tick) if tick else "0") for tick in ticks),
        *(_at_run(across(at), mark, dated=at % every == 0) for at, mark in enumerate(marks)),
        f'<path class="line" d="{_line(marks, across, down)}"/>',
        *(_value(across(at), mark, mark.point, down) for at, mark in enumerate(marks) if mark.point),
        "</svg>",
    ]
    return Markup("".join(drawn))  # noqa: S704 - all texts in it are escaped


def _tick(y: float, words: str) -> str:
    return (
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text class="axis end" x="{_LEFT - 8}" y="{y + 4:.1f}">{_text(words)}</text>'
    )


def _at_run(x: float, mark: Mark, *, dated: bool) -> str:
    """Return what stands at a run beside its value: its date, and what changed there."""
    drawn = f'<text class="axis middle" x="{x:.1f}" y="{_HEIGHT - 12}">{_text(mark.date)}</text>' if dated else ""
    if mark.changed:
        line = f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
        drawn += f'<g class="changed"><title>{_text(mark.changed)}</title>{line}</g>'
    if mark.event:
        line = f'<path d="M{x - 6:.1f} 4h12l-6 10z"/><path class="stem" d="M{x:.1f} 14V{_HEIGHT - _BOTTOM}"/>'
        drawn += f'<g class="event"><title>{_text(mark.event)}</title>{line}</g>'
    return drawn


def _value(x: float, mark: Mark, point: Point, down: Callable[[float], float]) -> str:
    interval = ""
    if point.low is not None and point.high is not None:
        interval = f'<path class="interval" d="M{x:.1f} {down(point.low):.1f}V{down(point.high):.1f}"/>'
    return (
        f'{interval}<a href="{_text(mark.href)}" aria-label="{_text(mark.label)}"><title>{_text(mark.label)}</title>'
        f'<circle class="{_text(mark.tone)}" cx="{x:.1f}" cy="{down(point.value):.1f}" r="4.5"/></a>'
    )


def sparkline(points: Sequence[Point | None]) -> Markup:
    """Return a small line without axes, whose height is the range of the values, or a part of the largest."""
    values = [point.value for point in points if point]
    if not values:
        return Markup("")
    top, step = max(values), _SPARK_WIDTH / max(1, len(points) - 1)
    span = max(top - min(values), _SPARK_SHARE * top, _LEAST)
    places = [
        (at * step, 3 + (_SPARK_HEIGHT - 6) * (top - point.value) / span) for at, point in enumerate(points) if point
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="spark" viewBox="-3 0 {_SPARK_WIDTH + 6:.0f} {_SPARK_HEIGHT:.0f}" aria-hidden="true">'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


def _text(text: str) -> str:
    """Return a text as it may be written into a page, as `report.pages` does."""
    return escape(printable(shown_text(text)))


def _across(runs: int) -> Callable[[int], float]:
    room = _WIDTH - _LEFT - _RIGHT
    return lambda at: _LEFT + room * (at + 0.5) / runs


def _line(marks: Sequence[Mark], across: Callable[[int], float], down: Callable[[float], float]) -> str:
    """Return the path through all values; runs without one are passed over."""
    places = [(across(at), down(mark.point.value)) for at, mark in enumerate(marks) if mark.point]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _ticks(top: float) -> list[float]:
    """Return round values from zero to one that is not below `top`."""
    if top < _LEAST or not math.isfinite(top):
        return [0.0, 1.0]
    size = 10 ** math.floor(math.log10(top / _TICKS))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10, 20) if factor * size * _TICKS >= top)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]
