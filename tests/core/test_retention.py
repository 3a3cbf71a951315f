"""Which results are kept, and what is deleted of the others."""

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.cli.deep_check import findings
from rallycross.errors import RallycrossError
from rallycross.judging.judge import judge
from rallycross.load.sample import Sample
from rallycross.report.files import write
from rallycross.results.models import WorkloadRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_damage import mark_damage
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.retention import LAST, LEFT_SOMETHING, RUNNING, TAGGED, YOUNG, Policy, Result, choose, prune, summary
from rallycross.settings import Settings, settings
from rallycross.task.plan import Subtask, Task, Workload

DAY = 86_400.0
NOW = 1000 * DAY
OLD = Policy(timedelta(days=90))


def result(uuid: str, days: float, *tags: str, title: str = "t", **given: object) -> Result:
    """Return a result that ended some days ago."""
    whole = {"kind": "task", "cloud": "c", "running": False, **given}
    return Result(uuid, title=title, tags=tags, ended_at=NOW - days * DAY, **whole)  # type: ignore[arg-type]


def gone(policy: Policy, *results: Result) -> list[str]:
    """Return the uuids that a policy does not keep."""
    return [one.uuid for one in choose(results, policy, NOW)[0]]


def test_what_is_old_goes_the_oldest_first() -> None:
    """Results that ended longer ago go; those that ended since, or run, stay."""
    found, kept = choose([result("a", 91), result("b", 89), result("c", 200), result("d", 99, running=True)], OLD, NOW)
    assert [one.uuid for one in found] == ["c", "a"]
    assert kept == {YOUNG: 1, RUNNING: 1}


def test_the_last_of_each_series_are_kept() -> None:
    """The newest of each recipe on each cloud stay, however old; the title counts if there is no recipe."""
    policy = Policy(timedelta(days=90), keep_last=2)
    nightly = [result(f"n{days}", days, "recipe:n", title=f"t{days}") for days in (100, 101, 102)]
    other = [result("o", 300, "recipe:n", cloud="d"), result("p", 300, title="t100"), result("q", 1, "recipe:n")]
    assert gone(policy, *nightly, *other) == ["n102", "n101"]


def test_what_has_a_tag_is_kept_if_wanted() -> None:
    """A tag keeps a result; the one of a recipe, which all its runs have, does not."""
    policy = Policy(timedelta(days=90), keep_tagged=True)
    assert gone(policy, result("a", 100, "release"), result("b", 100, "recipe:n"), result("c", 100)) == ["b", "c"]


def test_what_may_have_left_something_in_a_cloud_is_kept() -> None:
    """The ledger needs the result to clean up after it; its samples may go."""
    assert gone(OLD, result("a", 100, leaves=True)) == []
    assert gone(Policy(timedelta(days=90), samples_only=True), result("a", 100, leaves=True)) == ["a"]


def test_other_clouds_are_not_touched() -> None:
    """With a cloud, only its results go."""
    assert gone(Policy(timedelta(days=90), cloud="c"), result("a", 100), result("b", 100, cloud="d")) == ["a"]


RESULTS = st.lists(
    st.builds(
        result,
        st.uuids().map(str),
        st.floats(0, 400),
        st.sampled_from(["x", "recipe:a", "recipe:b"]),
        title=st.sampled_from(["t", "u"]),
        cloud=st.sampled_from(["c", "d"]),
        running=st.booleans(),
        leaves=st.booleans(),
    ),
    unique_by=lambda one: one.uuid,
    max_size=30,
)
POLICIES = st.builds(
    Policy,
    st.integers(1, 300).map(lambda days: timedelta(days=days)),
    keep_tagged=st.booleans(),
    keep_last=st.integers(0, 4),
    samples_only=st.booleans(),
    cloud=st.none() | st.just("c"),
)


@given(RESULTS, POLICIES)
def test_nothing_goes_that_a_policy_keeps(results: list[Result], policy: Policy) -> None:
    """Whatever the results are: none that runs, is young, or is among the last goes, and each is counted once."""
    found, kept = choose(results, policy, NOW)
    mine = [one for one in results if policy.cloud in {None, one.cloud}]
    assert len(found) + sum(kept.values()) == len(mine)
    assert kept.keys() <= {RUNNING, YOUNG, TAGGED, LAST, LEFT_SOMETHING}
    assert not any(one.running for one in found)
    assert all(one.ended_at <= NOW - policy.older_than.total_seconds() for one in found)
    left = Counter(one.series for one in mine if not one.running and one not in found)
    whole = Counter(one.series for one in mine if not one.running)
    assert all(left[series] >= min(policy.keep_last, number) for series, number in whole.items())


@pytest.fixture(name="paths")
def _paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES", "RALLYCROSS_REPORTS"):
        monkeypatch.delenv(name, raising=False)
    return settings()


def measured(store: Store, paths: Settings, uuid: str) -> str:
    """Store a judged task with samples and a report; return its workload's uuid."""
    workload = Workload(0, "Nova.boot", {}, "serial", {"times": 3}, {}, {"failure_rate": {"max": 0}})
    task = Task("T", (Subtask("s", (workload,)),))
    (own,) = store.tasks.begin(uuid, cloud="c", task=task, environment={}).values()
    store.workloads.begin(own)
    writer = SampleWriter(paths.samples / own / "0.arrows")
    for number in range(3):
        writer.add(Sample(number, 0, None, number, number + 1.0))
    writer.close()
    store.workloads.end(own, status="finished", load_seconds=3.0, full_seconds=3.0)
    store.tasks.end(uuid, status="finished")
    judge(store, uuid)
    write(store, deployment=None, verification=None, task=uuid, folder=paths.reports / uuid)
    return own


def workloads(store: Store) -> list[WorkloadRow]:
    """Return the workloads of the first task."""
    task = store.tasks.get(UUIDS[0])
    assert task is not None
    return task.workloads


UUIDS = ("aaaa1111-0000-4000-8000-000000000000", "bbbb1111-0000-4000-8000-000000000000")


def test_figures_stay_when_samples_go(paths: Settings) -> None:
    """Without its samples a result has all its figures, its verdict and its report, and nothing counts as lost."""
    store = Store.open()
    own = measured(store, paths, UUIDS[0])
    (paths.samples / own / "notes.txt").write_text("of somebody else")
    policy = Policy(timedelta(seconds=1), samples_only=True)
    (before,) = workloads(store)
    later = time.time() + DAY
    size = (paths.samples / own / "0.arrows").stat().st_size

    dry = prune(store, paths, policy, now=later, dry_run=True)
    assert (paths.samples / own / "0.arrows").exists()
    done = prune(store, paths, policy, now=later, dry_run=False)

    assert dry.bytes == done.bytes == size
    assert (len(dry.removed), len(done.removed)) == (1, 1)
    assert "1 result, " in summary(done, dry_run=False)
    assert prune(store, paths, policy, now=later, dry_run=False).removed == []
    task = store.tasks.get(UUIDS[0])
    assert task is not None
    assert pruned_at(paths.samples / own)
    assert [path.name for path in sorted((paths.samples / own).iterdir())] == ["notes.txt", "pruned"]
    assert (task.workloads[0].figures, task.workloads[0].passed) == (before.figures, before.passed)
    assert mark_damage(task, paths.samples) == []
    assert [one.what for one in findings(store, paths)] == []
    assert store.artifacts.of(UUIDS[0])
    with pytest.raises(RallycrossError, match="its samples were pruned at"):
        judge(store, UUIDS[0])
    assert workloads(store)[0].figures == before.figures
    write(store, deployment=None, verification=None, task=UUIDS[0], folder=paths.reports / "again")
    store.close()


def test_an_old_result_goes_with_its_files(paths: Settings) -> None:
    """The rows, samples and reports of an old result go; a report that another result shares stays with that one."""
    store = Store.open()
    first, second = (measured(store, paths, uuid) for uuid in UUIDS)
    shared = paths.reports / UUIDS[0] / "report.html"
    store.artifacts.add(UUIDS[1], "html", str(shared))
    outside = paths.home / "kept.html"
    outside.write_text("a file of the user's")
    store.artifacts.add(UUIDS[0], "html", str(outside))
    store.tasks.end(UUIDS[1], status="finished")
    policy = Policy(timedelta(seconds=1), keep_last=1)
    row = store.tasks.get(UUIDS[1])
    assert row is not None
    assert row.ended_at is not None

    dry = prune(store, paths, policy, now=row.ended_at + DAY, dry_run=True)
    done = prune(store, paths, policy, now=row.ended_at + DAY, dry_run=False)

    assert [one.result.uuid for one in done.removed] == [UUIDS[0]]
    assert (dry.bytes, dry.kept) == (done.bytes, done.kept)
    assert done.bytes > 0
    assert store.tasks.get(UUIDS[0]) is None
    assert not (paths.samples / first).exists()
    assert (paths.samples / second).exists()
    assert [path.name for path in (paths.reports / UUIDS[0]).iterdir()] == ["report.html"]
    assert outside.exists()
    assert [one.what for one in findings(store, paths)] == []
    store.close()


def test_a_run_in_progress_is_never_touched(paths: Settings) -> None:
    """A task that runs keeps its samples, however old its start is."""
    store = Store.open()
    own = measured(store, paths, UUIDS[0])
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET status = 'running', ended_at = NULL, started_at = 1.0")
    for samples_only in (True, False):
        policy = Policy(timedelta(seconds=1), samples_only=samples_only)
        done = prune(store, paths, policy, now=NOW, dry_run=False)
        assert (done.removed, done.kept) == ([], {RUNNING: 1})
    assert (paths.samples / own / "0.arrows").exists()
    store.close()
