"""The figures of a workload one by one, as history is asked for them; all of one workload is in its `statistics`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

SECONDS, PER_SECOND, NUMBER = "s", "1/s", "1"  # units
_OF_THE_LOAD = {
    "seconds": SECONDS,
    "throughput": PER_SECOND,
    "throughput_succeeded": PER_SECOND,
    "warm_up": NUMBER,
    "dropped": NUMBER,
}
_COUNTS = ("count", "failed")
_NO_FIGURES = ("name", "depth")


@dataclass(frozen=True)
class Figure:
    """A number of an action, or of whole iterations (`action` is "")."""

    action: str
    depth: int  # of the action: 0 = directly in an iteration
    figure: str  # `count`, `p95`, ...; `service_p95` of the time from the actual start; `throughput`, ... of the load
    value: float
    unit: str


def figures_of(statistics: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the figures of a workload's `statistics`; what has no value is left out."""
    for name, unit in _OF_THE_LOAD.items():
        if (value := _number(statistics.get(name))) is not None:
            yield Figure("", 0, name, value, unit)
    for place, row in enumerate(statistics.get("rows") or []):  # the first is of whole iterations
        yield from _of_row(row, row["name"] if place else "", row.get("depth", 0))
    yield from _of_row(statistics.get("service") or {}, "", 0, prefix="service_")


def _of_row(row: Mapping[str, Any], action: str, depth: int, prefix: str = "") -> Iterator[Figure]:
    for name, given in row.items():
        if name not in _NO_FIGURES and (value := _number(given)) is not None:
            yield Figure(action, depth, prefix + name, value, NUMBER if name in _COUNTS else SECONDS)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)
