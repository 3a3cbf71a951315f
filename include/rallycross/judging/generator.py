"""The health of the load processes, as they reported it, for judging and reports."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.results.generator_report import GeneratorReport, ShardReport, Standstill
from rallycross.results.workload_figures import StandstillFigures


def shards(reported: GeneratorReport) -> list[ShardReport]:
    """Return the processes that have reported, each with its number."""
    return [
        replace(one, shard=place if one.shard is None else one.shard)
        for place, one in enumerate(reported.shards)
        if one.seconds
    ]


class Overlaps:
    """Counts the iterations that ran while their process stood still, as a fold over samples.

    A part of their duration is due to the generator, not to the cloud.
    """

    @classmethod
    def of(cls, reported: GeneratorReport) -> Self:
        """Create the fold from the reports of the processes."""
        return cls([(one.shard or 0, standstill) for one in shards(reported) for standstill in one.stood])

    def __init__(self, standstills: Sequence[tuple[int, Standstill]]) -> None:
        self._standstills = standstills  # each with the number of its process
        self._count = 0
        self._slowest: list[tuple[int, int]] = []  # duration in nanoseconds, iteration

    def add(self, batch: Batch) -> None:
        """Take some samples."""
        if not self._standstills or not len(batch):
            return
        shard = np.asarray(batch.record.column("shard"))
        begun = np.where(batch.paced, batch.due, batch.started)  # iterations that were due meanwhile could not begin
        hit = np.zeros(len(batch), np.bool_)
        for number, one in self._standstills:
            hit |= (shard == number) & (begun < one.until) & (batch.ended > one.since)
        self._count += int(hit.sum())
        found = zip(batch.duration[hit].tolist(), batch.iteration[hit].tolist(), strict=True)
        self._slowest = sorted([*self._slowest, *found], reverse=True)[:_NAMED]

    def close(self) -> StandstillFigures:
        """Return the number of such iterations, and the slowest ones."""
        return StandstillFigures(self._count, tuple(iteration for _, iteration in self._slowest))


_NAMED = 5  # slowest iterations that are named
