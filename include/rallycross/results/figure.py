"""The figures of a workload as single numbers, so that history can be queried by figure."""

from collections.abc import Iterator
from dataclasses import dataclass

from rallycross.results.workload_figures import ActionFigures, WorkloadFigures

SECONDS, PER_SECOND, NUMBER = "s", "1/s", "1"  # units


@dataclass(frozen=True)
class Figure:
    """A number of an action, or of whole iterations (`action` is "")."""

    action: str
    depth: int  # of the action: 0 = directly in an iteration
    figure: str  # `count`, `p95`, ...; `service_p95` of the time from the actual start; `throughput`, ... of the load
    value: float
    unit: str


def one_by_one(figures: WorkloadFigures) -> Iterator[Figure]:
    """Yield the figures of a workload that have a value."""
    of_the_load = (
        ("seconds", figures.seconds, SECONDS),
        ("throughput", figures.throughput, PER_SECOND),
        ("throughput_succeeded", figures.throughput_succeeded, PER_SECOND),
        ("warm_up", figures.warm_up, NUMBER),
        ("dropped", figures.dropped, NUMBER),
    )
    yield from (Figure("", 0, name, float(value), unit) for name, value, unit in of_the_load if value is not None)
    if figures.total:
        yield from _of(figures.total, action="")
    for one in figures.actions:
        yield from _of(one, action=one.name)
    if figures.service:
        yield from _of(figures.service, action="", prefix="service_")


def _of(one: ActionFigures, *, action: str, prefix: str = "") -> Iterator[Figure]:
    for name, number in (("count", one.count), ("failed", one.failed)):
        yield Figure(action, one.depth, prefix + name, float(number), NUMBER)
    for name, seconds in one.durations.items():
        if seconds is not None:
            yield Figure(action, one.depth, prefix + name, float(seconds), SECONDS)
