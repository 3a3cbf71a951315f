"""The health of the load processes, as they reported it (`load.health`), for judging and reports.

A killed process has reported nothing, and one of an earlier release less than one of this release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.results.workload_figures import StandstillFigures


@dataclass(frozen=True)
class Standstill:
    """A stall of a load process. `since` and `until` are seconds since the start of the load."""

    shard: int
    since: float
    until: float
    seconds: float
    cause: str  # as in `load.health`


@dataclass(frozen=True)
class Shard:
    """One load process."""

    number: int
    seconds: float
    cpu_seconds: float
    lag_p99: float | None
    lag_max: float
    lost_seconds: float
    run_delay_seconds: float
    throttled_seconds: float
    stood: tuple[Standstill, ...]

    @classmethod
    def of(cls, place: int, report: Mapping[str, Any]) -> Self:
        """Read the report of a process; missing figures are 0."""

        def figure(name: str) -> float:
            return float(report.get(name) or 0.0)

        number = int(report.get("shard") or place)
        return cls(
            number=number,
            seconds=figure("seconds"),
            cpu_seconds=figure("cpu_seconds"),
            lag_p99=report.get("lag_p99"),
            lag_max=figure("lag_max"),
            lost_seconds=figure("lost_seconds"),
            run_delay_seconds=figure("run_delay_seconds"),
            throttled_seconds=figure("throttled_seconds"),
            stood=tuple(
                Standstill(number, one["since"], one["until"], one["seconds"], one["cause"])
                for one in report.get("stood") or ()
            ),
        )

    @property
    def cpu(self) -> float:
        """The share of a core that the process used."""
        return self.cpu_seconds / self.seconds if self.seconds else 0.0


def shards(generator: Mapping[str, Any]) -> list[Shard]:
    """Return the processes that have reported; `generator` is `WorkloadRow.generator`."""
    told = generator.get("shards") or []
    return [Shard.of(place, one) for place, one in enumerate(told) if one.get("seconds")]


class Overlaps:
    """Counts the iterations that ran while their process stood still, as a fold over samples.

    A part of their duration is due to the generator, not to the cloud.
    """

    @classmethod
    def of(cls, generator: Mapping[str, Any]) -> Self:
        """Create the fold from the reports of the processes."""
        return cls([one for shard in shards(generator) for one in shard.stood])

    def __init__(self, standstills: Sequence[Standstill]) -> None:
        self._standstills = standstills
        self._count = 0
        self._slowest: list[tuple[int, int]] = []  # duration in nanoseconds, iteration

    def add(self, batch: Batch) -> None:
        """Take some samples."""
        if not self._standstills or not len(batch):
            return
        shard = np.asarray(batch.record.column("shard"))
        begun = np.where(batch.paced, batch.due, batch.started)  # iterations that were due meanwhile could not begin
        hit = np.zeros(len(batch), np.bool_)
        for one in self._standstills:
            hit |= (shard == one.shard) & (begun < one.until) & (batch.ended > one.since)
        self._count += int(hit.sum())
        found = zip(batch.duration[hit].tolist(), batch.iteration[hit].tolist(), strict=True)
        self._slowest = sorted([*self._slowest, *found], reverse=True)[:_NAMED]

    def close(self) -> StandstillFigures:
        """Return the number of such iterations, and the slowest ones."""
        return StandstillFigures(self._count, tuple(iteration for _, iteration in self._slowest))


_NAMED = 5  # slowest iterations that are named
