"""All figures of a workload, from its samples, in one pass and in bounded memory."""

from dataclasses import replace
from pathlib import Path

from rallycross.judging.batch import Batch
from rallycross.judging.durations import Durations
from rallycross.judging.failures import Failures
from rallycross.judging.generator import Overlaps
from rallycross.judging.rate import per_second
from rallycross.judging.schedule import Schedule
from rallycross.judging.timeline import Timeline
from rallycross.results.generator_report import GeneratorReport
from rallycross.results.sample_file import read_batches
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Timing


class Statistics:
    """All folds of a workload: add batches, merge shards, close."""

    def __init__(self) -> None:
        self._count = 0
        self._failed = 0
        self._warm_up = 0
        self._dropped = 0
        self._first = float("inf")
        self._last = float("-inf")
        self._durations = Durations()
        self._schedule = Schedule()
        self._failures = Failures()
        self._timeline = Timeline()

    def add(self, batch: Batch) -> None:
        """Add samples."""
        self._warm_up += batch.warm_up
        self._dropped += batch.dropped
        self._schedule.add(batch)
        if not len(batch):
            return
        self._count += len(batch)
        self._failed += int(batch.failed.sum())
        self._first = min(self._first, float(batch.started.min()))
        self._last = max(self._last, float(batch.ended.max()))
        for fold in (self._durations, self._failures, self._timeline):
            fold.add(batch)

    def merge(self, other: "Statistics") -> None:
        """Add the samples of another fold."""
        self._count += other._count
        self._failed += other._failed
        self._warm_up += other._warm_up
        self._dropped += other._dropped
        self._first = min(self._first, other._first)
        self._last = max(self._last, other._last)
        self._durations.merge(other._durations)
        self._schedule.merge(other._schedule)
        self._failures.merge(other._failures)
        self._timeline.merge(other._timeline)

    def close(self) -> WorkloadFigures:
        """Return the figures. Samples may be added afterwards and the figures be requested again."""
        seconds = self._last - self._first if self._count else 0.0
        return WorkloadFigures(
            count=self._count,
            failed=self._failed,
            seconds=seconds,
            throughput=per_second(self._count, seconds),
            throughput_succeeded=per_second(self._count - self._failed, seconds),
            warm_up=self._warm_up,
            dropped=self._dropped,
            total=self._durations.total(),
            actions=self._durations.actions(),
            service=self._durations.service(),
            distribution=self._durations.distribution(),
            schedule=self._schedule.close(),
            failures=self._failures.close(),
            timeline=self._timeline.close(),
        )


def figures_of(samples: Path, *, timing: Timing, reported: GeneratorReport) -> WorkloadFigures:
    """Return the figures of all samples in a workload's folder; `reported` is `WorkloadRow.reported`."""
    statistics, overlaps = Statistics(), Overlaps.of(reported)
    for record in read_batches(samples):
        batch = Batch(record, timing=timing)
        statistics.add(batch)
        overlaps.add(batch)
    return replace(statistics.close(), stood=overlaps.close())
