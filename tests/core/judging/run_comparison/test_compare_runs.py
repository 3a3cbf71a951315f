"""Runs in a results database, compared by their samples."""

from pathlib import Path

import pytest
from comparable_runs import LIST, ComparableRuns, Load

from rallycross.errors import RallycrossError
from rallycross.judging.run_comparison.compare import RunComparison, compare
from rallycross.judging.run_comparison.figure_comparison import FigureComparison
from rallycross.results.pruned_samples import prune_samples
from rallycross.results.store import Store


@pytest.fixture(name="runs")
def _runs(tmp_path: Path) -> ComparableRuns:
    return ComparableRuns(Store.open(f"sqlite:///{tmp_path / 'results.db'}"), tmp_path / "samples")


def _figure(found: RunComparison, figure: str, action: str = "", workload: int = 0) -> FigureComparison:
    [one] = [one for one in found.workloads[workload].figures if (one.figure, one.action) == (figure, action)]
    return one


def test_a_slower_action_is_found_by_its_name(runs: ComparableRuns) -> None:
    """A boot that takes 15 % longer is worse, with an interval that holds 15 %; the delete is as before."""
    first, second = runs.add(1, Load()), runs.add(2, Load(boot_slower=1.15))
    found = compare([first], [second], runs.samples, by_action=True)
    boot, delete = (_figure(found, "median", f"nova.{name}_server") for name in ("boot", "delete"))
    assert boot.outcome == "worse"
    assert boot.low is not None
    assert boot.high is not None
    assert boot.low < 0.15 < boot.high
    assert delete.outcome == "none seen"
    assert delete.detectable is not None
    assert 0.02 < delete.detectable < 0.2
    assert _figure(found, "throughput").outcome == "worse"
    assert {one.action for one in compare([first], [second], runs.samples).figures} == {""}


def test_faster_is_better_and_the_other_way_round_is_worse(runs: ComparableRuns) -> None:
    """Exchanged sides have the opposite outcome and the same p-value."""
    first, second = runs.add(1, Load()), runs.add(2, Load(slower=0.8))
    one, other = (compare([a], [b], runs.samples) for a, b in ((first, second), (second, first)))
    for figure in ("median", "p95", "throughput"):
        assert _figure(one, figure).outcome == "better"
        assert _figure(other, figure).outcome == "worse"
        assert _figure(one, figure).p == pytest.approx(_figure(other, figure).p)
        assert 1 + _figure(one, figure).change == pytest.approx(1 / (1 + _figure(other, figure).change))


def test_more_failures_are_worse(runs: ComparableRuns) -> None:
    """The change is in shares: 15 percentage points."""
    found = compare([runs.add(1, Load(failing=0.05))], [runs.add(2, Load(failing=0.2))], runs.samples)
    failed = _figure(found, "failed")
    assert failed.outcome == "worse"
    assert failed.change == pytest.approx(0.15, abs=0.05)


def test_the_differences_between_runs_of_the_same_are_not_taken_for_a_change(runs: ComparableRuns) -> None:
    """Runs that differ by several percent among themselves: one against one differs, five against five do not."""
    levels = (0.93, 1.0, 1.08, 0.97, 1.04)
    first = [runs.add(number, Load(slower=level)) for number, level in enumerate(levels)]
    second = [runs.add(10 + number, Load(slower=level)) for number, level in enumerate(reversed(levels))]
    assert _figure(compare(first[:1], second[:1], runs.samples), "median").outcome == "worse"
    together = compare(first, second, runs.samples)
    assert together.between_runs
    assert _figure(together, "median").outcome == "none seen"
    assert _figure(together, "median").samples == (2000, 2000)


def test_one_run_against_several_borrows_their_differences(runs: ComparableRuns) -> None:
    """A run within the range of the others is as before; one far out of it is worse."""
    first = [runs.add(number, Load(slower=level)) for number, level in enumerate((0.97, 1.0, 1.03, 0.99, 1.01, 1.0))]
    assert _figure(compare(first, [runs.add(10, Load(slower=1.03))], runs.samples), "median").outcome == "none seen"
    assert _figure(compare(first, [runs.add(11, Load(slower=1.5))], runs.samples), "median").outcome == "worse"


def test_workloads_are_paired_by_what_they_do(runs: ComparableRuns) -> None:
    """Order does not matter; what has no partner is named."""
    small, large = ({"flavor": {"name": name}} for name in ("m1.tiny", "m1.large"))
    first = runs.add(1, Load(args=small), Load(args=large, slower=3), Load(LIST))
    second = runs.add(2, Load(args=large, slower=3), Load("Authenticate.keystone"), Load(args=small))
    found = compare([first], [second], runs.samples)
    assert [one.number for one in found.workloads] == [1, 2]
    assert all(_figure(found, "median", workload=place).outcome == "none seen" for place in (0, 1))
    assert found.only_first == (f"3. {LIST}",)
    assert found.only_second == ("2. Authenticate.keystone",)


def test_what_differs_around_the_runs_is_named(runs: ComparableRuns) -> None:
    """Cloud, versions, machine, arguments and load: each with its values on both sides."""
    old = {"rallycross": "1", "cloud": {"nova": "31"}, "flavor": {"m1.tiny": {"ram": 512}}}
    new = {"rallycross": "1", "cloud": {"nova": "32"}, "flavor": {"m1.tiny": {"ram": 1024}}, "cpus": 4}
    first = runs.add(1, Load(), environment=old)
    second = runs.add(2, Load(args={"flavor": {"name": "m1.large"}}, concurrency=8), environment=new, cloud="other")
    found = compare([first], [second], runs.samples)
    assert {(one.kind, one.name, one.first, one.second) for one in found.circumstances} == {
        ("cloud", "cloud", ("mine",), ("other",)),
        ("versions", "cloud.nova", ("31",), ("32",)),
        ("versions", "flavor.m1.tiny.ram", ("512",), ("1024",)),
        ("machine", "cpus", ("not recorded",), ("4",)),
    }
    assert {(one.kind, one.name) for one in found.workloads[0].circumstances} == {
        ("arguments", "args.flavor.name"),
        ("load", "runner.concurrency"),
    }


def test_different_timings_are_compared_from_the_actual_start(runs: ComparableRuns) -> None:
    """Durations that count from different moments would differ; both sides are computed as in Rally."""
    queued = Load(due_every=0.01)
    first, second = runs.add(1, queued, timing="rally"), runs.add(2, queued)
    found = compare([first], [second], runs.samples, even_invalid=True)
    assert found.timing == "rally"
    assert [one.kind for one in found.circumstances] == ["timing"]
    assert _figure(found, "median").outcome == "none seen"
    assert _figure(found, "median").first < 1


def _broken(runs: ComparableRuns, path: str) -> None:
    """Overwrite the middle of a sample file."""
    [file] = (runs.samples / path).iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"x" * 40
    file.write_bytes(data)


def test_what_cannot_be_believed_is_refused_with_its_reason(runs: ComparableRuns) -> None:
    """An INVALID load is compared only if asked for; a damaged one never is."""
    first = runs.add(1, Load(), Load(LIST))
    second = runs.add(2, Load(lost_seconds=20.0), Load(LIST))
    found = compare([first], [second], runs.samples)
    assert "INVALID" in found.workloads[0].refused
    assert not found.workloads[0].figures
    assert found.workloads[1].figures
    assert compare([first], [second], runs.samples, even_invalid=True).workloads[0].figures
    _broken(runs, second.workloads[1].uuid)
    with pytest.raises(RallycrossError, match=r"no workload can be compared: 1\. .*INVALID.*; 2\. .*damaged"):
        compare([first], [second], runs.samples)
    assert "damaged" in compare([first], [second], runs.samples, even_invalid=True).workloads[1].refused


def test_what_was_pruned_is_refused_as_such(runs: ComparableRuns) -> None:
    """A run whose samples were deleted on purpose is refused with that reason, and not as one without iterations."""
    first, second = runs.add(1, Load()), runs.add(2, Load())
    assert prune_samples(runs.samples / second.workloads[0].uuid)
    with pytest.raises(RallycrossError, match=r"no workload can be compared: .*its samples were pruned at 2"):
        compare([first], [second], runs.samples)


def test_a_run_of_a_set_that_cannot_be_used_is_left_out(runs: ComparableRuns) -> None:
    """The other runs of its side are compared, and it is named."""
    first = [runs.add(1, Load()), runs.add(2, Load(lost_seconds=20.0)), runs.add(3, Load())]
    found = compare(first, [runs.add(4, Load())], runs.samples)
    [left_out] = found.workloads[0].left_out
    assert left_out.startswith("run 00000002: its load is INVALID")
    assert found.figures[0].samples == (800, 400)


def test_what_means_nothing_is_refused(runs: ComparableRuns) -> None:
    """The same run, a running one, and runs without a common workload are refused."""
    one, other = runs.add(1, Load()), runs.add(2, Load(LIST))
    with pytest.raises(RallycrossError, match="on both sides"):
        compare([one], [one, other], runs.samples)
    with pytest.raises(RallycrossError, match="no workload in common"):
        compare([one], [other], runs.samples)
    running = runs.add(3, Load(), ended=False)
    with pytest.raises(RallycrossError, match="still running"):
        compare([one], [running], runs.samples)


def test_the_document_has_only_what_json_has(runs: ComparableRuns) -> None:
    """Bounds that are not known are null, and there is no infinity."""
    found = compare([runs.add(1, Load(count=4))], [runs.add(2, Load(count=4))], runs.samples, by_action=True)
    p95 = _figure(found, "p95")
    assert (p95.high, p95.detectable, p95.outcome) == (None, None, "unknown")
    assert float("inf") not in _values(found.data())


def _values(document: object) -> list[object]:
    if isinstance(document, dict):
        return [inner for value in document.values() for inner in _values(value)]
    if isinstance(document, list | tuple):
        return [inner for value in document for inner in _values(value)]
    return [document]
