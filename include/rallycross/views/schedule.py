"""Describes whether a load kept its schedule, and how its load processes performed."""

from collections.abc import Iterator

from rallycross.judging.generator import shards
from rallycross.judging.schedule import LATE
from rallycross.judging.validity import describe_standstills
from rallycross.results.generator_report import GeneratorReport
from rallycross.results.workload_figures import ScheduleFigures, WorkloadFigures
from rallycross.views import wording

Facts = tuple[tuple[str, str], ...]  # name and value


def schedule_facts(figures: WorkloadFigures | None, reported: GeneratorReport) -> Facts:
    """Return the known facts; `reported` is `WorkloadRow.reported`."""
    return tuple(_facts(figures or WorkloadFigures(), reported))


def _facts(figures: WorkloadFigures, reported: GeneratorReport) -> Iterator[tuple[str, str]]:
    if figures.schedule:
        yield from _of_schedule(figures.schedule)
    if figures.warm_up:
        yield "warm-up", f"{wording.counted(figures.warm_up, 'iteration')}, in no figure"
    if told := shards(reported):
        yield "load processes", wording.count(reported.processes or len(told))
        yield "their CPU", f"{max(shard.cpu for shard in told):.0%} of a core, the busiest"
        p99, most = max(shard.lag_p99 or 0.0 for shard in told), max(shard.lag_max for shard in told)
        yield "event loop late by", f"p99 {wording.duration(p99)}, max {wording.duration(most)}"
        if stood := [stand for shard in told for stand in shard.stood]:
            yield "stood still", f"{wording.counted(len(stood), 'time')}: {describe_standstills(stood)}"
            if figures.stood and figures.stood.count:
                yield "ran meanwhile", f"{wording.counted(figures.stood.count, 'iteration')}, whose durations hold it"


def _of_schedule(schedule: ScheduleFigures) -> Iterator[tuple[str, str]]:
    asked = schedule.asked
    yield "asked for", f"{wording.counted(asked, 'iteration')}, {wording.rate(schedule.asked_rate)}"
    yield "started", f"{wording.counted(schedule.started, 'iteration')}, {wording.rate(schedule.delivered_rate)}"
    late = f"late (more than {wording.duration(LATE)}, though a worker was free)"
    for meaning, number in (
        ("dropped", schedule.dropped),
        ("queued (no worker was free)", schedule.queued),
        (late, schedule.late),
    ):
        yield meaning, f"{wording.count(number)} ({wording.share(number, asked)})"
    error = schedule.start_error
    told = (("p50", error.p50), ("p99", error.p99), ("max", error.max))
    yield "start error", ", ".join(f"{name} {wording.duration(seconds)}" for name, seconds in told)
