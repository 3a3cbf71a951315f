"""An invalid load is distinguished from a missed SLA."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rallycross.judging.batch import Batch
from rallycross.judging.generator import Overlaps
from rallycross.judging.judge import judge
from rallycross.judging.statistics import Statistics
from rallycross.judging.validity import invalid_load
from rallycross.judging.verdict import verdict
from rallycross.load.sample import Failure, Sample, State
from rallycross.results.generator_report import GeneratorReport, generator_report
from rallycross.results.reference import reference
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.results.workload_figures import StandstillFigures, WorkloadFigures
from rallycross.task.plan import Subtask, Task, Timing, Workload

MakeBatch = Callable[[Sequence[Sample]], Batch]
TASK = reference("d", "r", "benchmark")
WELL = {"seconds": 10.0, "cpu_seconds": 3.0, "lag_p99": 0.001, "lag_max": 0.2}


def _paced(*, rate: float = 100, late: float = 0.0001, took: float = 0.05, **states: int) -> list[Sample]:
    """Return ten seconds of iterations; of each hundred, so many of each state and the rest as they should be."""
    marks = [State[name.upper()] for name, count in states.items() for _ in range(count)]
    marks += [State.RAN] * (100 - len(marks))
    return [
        Sample(n, 0, n / rate, n / rate + late, n / rate + late + took, state=marks[n % 100])
        for n in range(int(rate * 10))
    ]


def _reported(*told: dict[str, Any], workers: int = 0) -> GeneratorReport:
    """Return what processes told, as it is read from the results database."""
    report, damage = generator_report({"processes": len(told), "workers": workers, "shards": list(told)})
    assert damage == []
    return report


def _figures(samples: list[Sample], batch_of: MakeBatch) -> WorkloadFigures:
    fold = Statistics()
    fold.add(batch_of(samples))
    return fold.close()


@pytest.mark.parametrize(
    ("samples", "shard", "sla", "words"),
    [
        (_paced(), {}, {}, None),
        (_paced(late=0.02), {}, {}, "started iterations late, by 20 ms at p99"),
        (_paced(late=0.02, took=5.0), {}, {}, None),  # 20 ms are nothing to a boot
        (_paced(late=0.02), {}, {"schedule": {"late": "100 %"}}, None),  # the criterion is the judge
        (_paced(), {"cpu_seconds": 9.5}, {}, "95% of a core"),
        (_paced(), {"cpu_seconds": 0.95, "seconds": 1.0}, {}, None),  # too short to tell
        (_paced(), {"lag_p99": 0.03}, {}, "30 ms late at p99"),
        (_paced(took=2.0), {"lag_p99": 0.03}, {}, None),
        (_paced(dropped=2), {}, {}, "20 of 1000 iterations (2.0%) were not run at all"),
        (_paced(queued=2), {}, {}, "20 of 1000 iterations (2.0%) were kept waiting"),
        (_paced(dropped=1, queued=1), {}, {}, None),
        (_paced(dropped=2), {}, {"schedule": {"dropped": 1}}, None),  # the criterion is the judge of it
        (_paced(dropped=20), {}, {"schedule": {"dropped": 30}}, None),  # which makes the rate lower, too
        (_paced(dropped=2), {}, {"schedule": {"late": 1}}, "dropped: 5 %"),
    ],
)
def test_a_load_is_invalid_when_its_generator_was_the_bottleneck(
    *, samples: list[Sample], shard: dict[str, Any], sla: dict[str, Any], words: str | None, batch_of: MakeBatch
) -> None:
    """The row has the reason and the remedy; a valid load has no row."""
    row = invalid_load(_figures(samples, batch_of), _reported({**WELL, **shard}), sla)

    if words is None:
        assert row is None
    else:
        assert row is not None
        assert (row.criterion, row.passed) == ("invalid_load", False)
        assert words in row.detail


def _closed(count: int = 400, took: float = 0.05) -> list[Sample]:
    """Return iterations of a closed loop, one after another."""
    return [Sample(n, 0, None, n * took, (n + 1) * took) for n in range(count)]


def _stood(lag: float, cause: str = "stopped", since: float = 3.0, **more: float) -> dict[str, Any]:
    """Return what a process tells that stood still."""
    one = {"since": since, "until": since + lag, "seconds": lag, "cause": cause}
    return {**WELL, "seconds": 20.0, "lag_max": lag, "lost_seconds": lag, "stood": [one], **more}


@pytest.mark.parametrize(
    ("shard", "touched", "missed", "words"),
    [
        (_stood(20.0), 1, (), "stood still for 20.0 s from 3.0 s on (stopped): it was stopped"),
        (_stood(3.0, seconds=9000.0), 1, (), "1 of 400 iterations ran meanwhile"),  # however long the load was
        (_stood(1.2), 1, (), "stood still for 1.2 s"),
        (_stood(1.2, seconds=9000.0), 1, (), None),  # a blink of a long load
        (_stood(1.2, seconds=9000.0), 9, (), "9 of 400 iterations"),
        (_stood(1.2, seconds=9000.0), 1, ("max_seconds_per_iteration",), "stood still"),
        (_stood(1.2, seconds=9000.0), 1, ("failure_rate",), None),
        (_stood(0.6), 1, (), None),
        (_stood(0.3, lost_seconds=5.0), 20, (), "lost 25% of its time"),
        (_stood(3.0, "suspended"), 1, (), "keep the machine awake"),
        (_stood(3.0, "throttled"), 1, (), "raise the CPU quota"),
        (_stood(3.0, "starved"), 1, (), "a machine of its own"),
        (_stood(3.0, "busy"), 1, (), "check what the scenario computes"),
        (_stood(3.0, "blocked"), 1, (), "use `await` in the scenario"),
        ({**WELL, "seconds": 20.0, "lag_p99": 0.03, "run_delay_seconds": 4.0}, 0, (), "other programs had the cores"),
        ({**WELL, "seconds": 20.0, "lag_p99": 0.03, "throttled_seconds": 4.0}, 0, (), "raise the CPU quota"),
    ],
)
def test_a_generator_that_stood_still_in_a_closed_loop_is_not_believed(
    *, shard: dict[str, Any], touched: int, missed: tuple[str, ...], words: str | None, batch_of: MakeBatch
) -> None:
    """The row has length, time, cause and effect of a stall, and a remedy that fits the cause."""
    figures = replace(_figures(_closed(), batch_of), stood=StandstillFigures(touched))
    row = invalid_load(figures, _reported(shard, workers=1), {}, missed=missed)

    if words is None:
        assert row is None
    else:
        assert row is not None
        assert words in row.detail
        assert "fewer at a time" not in row.detail


def test_one_of_several_processes_that_stood_still_is_named(batch_of: MakeBatch) -> None:
    """A stall of one of three processes makes the load invalid."""
    told = _reported({**WELL, "shard": 0}, {**_stood(3.0), "shard": 1}, {**WELL, "shard": 2})
    row = invalid_load(_figures(_closed(), batch_of), told, {})

    assert row is not None
    assert row.detail.startswith("load process 2 of 3 stood still for 3.0 s")


def test_a_boot_of_minutes_does_not_suffer_from_seconds(batch_of: MakeBatch) -> None:
    """A stall that is short against the durations does not make a load invalid."""
    figures = replace(_figures(_closed(20, took=90.0), batch_of), stood=StandstillFigures(1))

    assert invalid_load(figures, _reported(_stood(3.0)), {}) is None


def test_iterations_are_told_that_ran_while_their_process_stood_still(batch_of: MakeBatch) -> None:
    """Only iterations of the stalled process count; the slowest are named first."""
    fold = Overlaps.of(_reported({"seconds": 9.0}, {**_stood(2.0), "shard": 1}))
    fold.add(batch_of([Sample(n, n % 2, None, start, end) for n, start, end in [(0, 2, 6), (1, 2, 6), (3, 4, 4.5)]]))
    fold.add(batch_of([Sample(5, 1, None, 0.0, 2.9), Sample(7, 1, None, 5.1, 6.0), Sample(9, 1, None, 3.1, 5.3)]))

    assert fold.close() == StandstillFigures(3, (1, 9, 3))


def test_half_of_the_rate_is_not_delivered_in_silence(batch_of: MakeBatch) -> None:
    """If a load took twice as long as its schedule, the row has both rates."""
    samples = [Sample(n, 0, n / 100, n / 50, n / 50 + 0.01) for n in range(1000)]
    row = invalid_load(_figures(samples, batch_of), _reported(), {})

    assert row is not None
    assert "50 iterations a second were started instead of 100" in row.detail


def test_a_closed_loop_without_word_of_its_generator_is_believed(batch_of: MakeBatch) -> None:
    """An imported closed loop without data about its generator is valid."""
    samples = [Sample(n, 0, None, float(n), n + 0.5) for n in range(10)]

    assert invalid_load(_figures(samples, batch_of), _reported(), {}) is None


def test_figures_of_a_schedule_are_of_what_was_due(batch_of: MakeBatch) -> None:
    """The warm-up is counted separately; start errors are of iterations with a free worker."""
    samples = _paced(dropped=10, queued=10, late=0.015)
    samples += [Sample(9000 + n, 0, 0.0, 5.0, 6.0, state=State.WARM_UP) for n in range(7)]
    figures = _figures(samples, batch_of)
    schedule = figures.schedule

    assert (figures.count, figures.warm_up, figures.dropped) == (900, 7, 100)
    assert (schedule.asked, schedule.started, schedule.dropped) == (1000, 900, 100)
    assert (schedule.queued, schedule.late) == (100, 800)
    assert schedule.asked_rate == pytest.approx(100)
    assert schedule.delivered_rate == pytest.approx(90, rel=0.01)
    error = schedule.start_error
    assert (error.p50, error.p99, error.max) == pytest.approx((0.015, 0.015, 0.015), rel=0.001)
    assert figures.service.p50 == pytest.approx(0.05, rel=0.001)
    assert figures.total.p50 == pytest.approx(0.065, rel=0.001)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")


def _run(store: Store, folder: Path, *loads: list[Sample], timing: Timing = "intended", **generator: float) -> None:
    made = tuple(Workload(n, "A.b", {}, "rps", {}, {}, {"failure_rate": {"max": 0}}) for n in range(len(loads)))
    task = Task("t", (Subtask("s", made),), timing=timing)
    uuids = store.tasks.begin(TASK, cloud="c", task=task, environment={})
    for position, samples in enumerate(loads):
        store.workloads.begin(uuids[position])
        writer = SampleWriter(folder / uuids[position] / "0.arrows")
        for sample in samples:
            writer.add(sample)
        writer.close()
        told = {"processes": 1, "shards": [{**WELL, **generator}]}
        store.workloads.end(uuids[position], status="finished", load_seconds=10.0, generator=told)
    store.tasks.end(TASK, status="finished")
    judge(store, TASK, samples=folder)


def test_a_run_is_invalid_when_nothing_else_is_wrong(store: Store, tmp_path: Path) -> None:
    """The missed criteria of an invalid load do not make the run failed."""
    failing = _paced()
    failing[0].failure = Failure("E", "e")
    _run(store, tmp_path, failing, cpu_seconds=9.9)
    found = verdict(store, task=TASK)

    assert (found.passed, found.invalid, found.word) == (False, True, "invalid")
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("Workload 1, A.b, is INVALID: the generator was the bottleneck")


def test_a_run_has_failed_when_a_load_that_can_be_believed_did(store: Store, tmp_path: Path) -> None:
    """With a failed valid load the run has failed, and the reasons have both."""
    failing = _paced()
    failing[0].failure = Failure("E", "e")
    _run(store, tmp_path, _paced(late=0.02), failing)
    found = verdict(store, task=TASK)

    assert (found.passed, found.invalid, found.word) == (False, False, "failed")
    assert ["INVALID" in reason for reason in found.reasons] == [True, False]


@pytest.mark.parametrize(("timing", "median"), [("intended", 0.055), ("rally", 0.05)])
def test_durations_are_taken_as_the_task_says(timing: Timing, median: float, store: Store, tmp_path: Path) -> None:
    """With Rally's timing, durations begin at the actual start."""
    _run(store, tmp_path, _paced(late=0.005), timing=timing)
    task = store.tasks.get(TASK)

    assert task is not None
    assert task.workloads[0].figures is not None
    assert task.workloads[0].figures.total.p50 == pytest.approx(median, rel=0.001)
