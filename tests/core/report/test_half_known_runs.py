"""An incomplete run is reported with what is known, in every format."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from rallycross.cli.airflow_run import deployment_details, task_details, verification_details
from rallycross.cli.results_tables import history_table, show_task, show_verification
from rallycross.cli.run_outcome import print_rows
from rallycross.deployment.step import StepEvent
from rallycross.exchange import files, flat_rows
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.report.files import rendered, write
from rallycross.results.reference import reference
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import TestResult
from rallycross.views.history import entries

DEPLOYMENT, VERIFICATION, TASK = (reference("d", "half", stage) for stage in ("deploy", "verify", "benchmark"))
HEALTH = {
    "shard": 0,
    "seconds": 9.0,
    "cpu_seconds": 3.0,
    "lag_p99": 0.001,
    "lag_max": 2.0,
    "lost_seconds": 2.0,
    "run_delay_seconds": 0.5,
    "throttled_seconds": 0.0,
    "peak_rss_mb": 60.0,
    "stood": [{"since": 1.0, "until": 3.0, "seconds": 2.0, "cause": "stopped"}],
}
PROGRESS = {"done": 3, "total": 9, "failed": 0, "rate": 1.0, "p50": 0.1, "p95": 0.2, "elapsed": 2.0, "remaining": 1.0}


def _sample(number: int, *, paced: bool = False) -> Sample:
    failure = Failure("E", "no", "", "") if number % 3 == 2 else None
    actions = [Action("a.b", 0, number + 0.1, number + 0.4, failed=failure is not None)]
    state = State.WARM_UP if number == 0 else State.RAN
    output = {"kind": "complete", "title": "t", "chart_plugin": "TextArea", "data": ["x"]}
    return Sample(
        number, 0, float(number) if paced else None, number + 0.0, number + 0.5, 0.0, failure, actions, state, [output]
    )


def _task() -> Task:
    closed = Workload(0, "A.b", {}, "constant", {"times": 6}, {"users": {}}, {"failure_rate": {"max": 0}})
    paced = Workload(1, "C.d", {}, "rps", {"times": 6, "rps": 1}, {}, {"schedule": {"late": 5}})
    return Task("T", (Subtask("one", (closed,)), Subtask("two", (paced,))))


def _events(store: Store, samples: Path) -> Iterator[Callable[[], Any]]:
    """Yield after each piece of data that a whole run stores."""
    yield lambda: store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=2)
    for status in ("running", "done"):
        yield lambda status=status: store.deployments.record_step(
            DEPLOYMENT, StepEvent("s", "S", status, 1000.0, 0.0, "")
        )
    yield lambda: store.deployments.end(DEPLOYMENT, status="finished")
    yield lambda: store.verifications.begin(VERIFICATION, cloud="c", chosen="quick")
    yield lambda: store.verifications.take_up(VERIFICATION)
    yield lambda: store.tests.record(VERIFICATION, TestResult("t.x.y", "fail", 1000.0, 1.0, traceback="no"))
    yield lambda: store.verifications.end(VERIFICATION, status="finished")
    uuids: dict[int, str] = {}
    yield lambda: uuids.update(store.tasks.begin(TASK, cloud="c", task=_task(), environment={}))
    for position in (0, 1):
        yield lambda position=position: store.workloads.begin(uuids[position])
        context = {"plugin_name": "users", "plugin_cfg": {}, "setup": {"started_at": 1000.0, "finished_at": None}}
        yield lambda position=position, done=context: store.workloads.save_contexts(uuids[position], [done])
        yield lambda position=position: store.workloads.begin_load(uuids[position], at=1000.0)
        writer: list[SampleWriter] = []
        yield lambda position=position, writer=writer: writer.append(
            SampleWriter(samples / uuids[position] / "0.arrows")
        )
        for first in (0, 3):

            def add(first: int = first, position: int = position, writer: list[SampleWriter] = writer) -> None:
                for number in range(first, first + 3):
                    writer[0].add(_sample(number, paced=position == 1))
                writer[0].flush()

            yield add
        yield lambda position=position: store.workloads.report_progress(uuids[position], PROGRESS)
        yield lambda writer=writer: writer[0].close()
        yield lambda position=position: store.workloads.end(
            uuids[position],
            status="finished",
            load_seconds=6.0,
            full_seconds=7.0,
            generator={"processes": 1, "shards": [HEALTH]},
        )
    yield lambda: store.tasks.end(TASK, status="finished")
    yield lambda: judge(store, TASK, samples=samples)


def _show_everything(store: Store, samples: Path, folder: Path) -> None:
    """Render what is known in every format, and check that each is complete."""
    deployment, verification, task = (
        store.deployments.get(DEPLOYMENT),
        store.verifications.get(VERIFICATION),
        store.tasks.get(TASK),
    )
    given = {"deployment": DEPLOYMENT, "verification": VERIFICATION, "task": TASK}
    found = verdict(store, **given)
    assert found.passed or found.reasons
    written = write(store, **given, folder=folder, samples=samples)
    assert all(path.stat().st_size for path in written.values())
    ET.fromstring(written["junit"].read_bytes())
    for form in ("html", "junit", "json"):
        assert rendered(store, form, verification=VERIFICATION, task=TASK, samples=samples)  # type: ignore[arg-type]
    console = Console(file=(folder / "terminal").open("w", encoding="utf-8"), width=100)
    print_rows(console, task)
    if deployment:
        assert deployment_details(deployment, 1001.0)
    if verification:
        assert verification_details(verification, ["fail"])
        for part in (history_table(entries(store, [verification])), *show_verification(store, VERIFICATION)):
            console.print(part)
    if task:
        task_details(task)
        for part in (history_table(entries(store, [task])), *show_task(store, task, samples)):
            console.print(part)
        files.export_rally([task], folder / "rally.json", samples=samples)
        flat_rows.write_csv([task], folder / "rows.csv", samples=samples)
        flat_rows.write_parquet([task], folder / "rows.parquet", samples=samples)
    console.file.close()


def test_every_beginning_of_a_run_is_shown_in_every_format(store: Store, tmp_path: Path) -> None:
    """After each piece of data that a run stores, reports, exports and the terminal show what is known."""
    samples = tmp_path / "samples"
    _show_everything(store, samples, tmp_path / "none")
    for number, event in enumerate(_events(store, samples)):
        event()
        _show_everything(store, samples, tmp_path / str(number))


@pytest.mark.parametrize("steps", range(8, 27, 3))
def test_every_beginning_of_a_load_is_judged(steps: int, store: Store, tmp_path: Path) -> None:
    """If the process of a run died, what is known is judged, and shown in every format."""
    samples = tmp_path / "samples"
    for event in itertools.islice(_events(store, samples), steps):
        event()
    if store.tasks.get(TASK) is not None:
        judged = judge(store, TASK, samples=samples)
        assert not judged.passed
    _show_everything(store, samples, tmp_path / "judged")


_SHARD = st.dictionaries(st.sampled_from(sorted(HEALTH)), st.none()).map(
    lambda gone: {name: gone.get(name, value) for name, value in HEALTH.items()}
)
_PART = st.sets(st.sampled_from(sorted(HEALTH))).map(lambda kept: {name: HEALTH[name] for name in kept})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shards=st.lists(_SHARD | _PART, max_size=3))
def test_what_is_not_known_of_a_generator_costs_nothing_else(
    shards: list[dict[str, Any]], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """If a killed load process reported nothing or only a part about itself, the rest is judged and shown."""
    folder = tmp_path_factory.mktemp("run")
    store.history.delete(TASK)
    for event in itertools.islice(_events(store, folder), 8, None):
        event()
    [first, _] = [workload.uuid for workload in (store.tasks.get(TASK) or pytest.fail("no task")).workloads]
    store.workloads.end(first, status="aborted", generator={"processes": 3, "shards": shards})
    judge(store, TASK, samples=folder)
    _show_everything(store, folder, folder / "shown")
