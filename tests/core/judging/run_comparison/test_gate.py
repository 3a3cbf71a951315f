"""The verdict of a gate."""

from dataclasses import replace
from pathlib import Path

import pytest
from comparable_runs import ComparableRuns, Load

from rallycross.judging.run_comparison.compare import RunComparison, compare
from rallycross.judging.run_comparison.gate import gate_verdict
from rallycross.judging.verdict import Verdict
from rallycross.results.store import Store

PASSED = Verdict(passed=True, reasons=[], rows=[])


@pytest.fixture(name="slower", scope="module")
def _slower(tmp_path_factory: pytest.TempPathFactory) -> RunComparison:
    """Compare a run with one that is slower by about a tenth."""
    folder: Path = tmp_path_factory.mktemp("gate")
    runs = ComparableRuns(Store.open(f"sqlite:///{folder / 'results.db'}"), folder / "samples")
    return compare([runs.add(1, Load())], [runs.add(2, Load(slower=1.1))], runs.samples)


@pytest.mark.parametrize(("tolerance", "word", "code"), [(0.05, "worse", 1), (0.3, "passed", 0)])
def test_only_what_is_worse_than_tolerated_fails(slower: RunComparison, tolerance: float, word: str, code: int) -> None:
    """A tenth is more than 5 %, and less than 30 %."""
    found = gate_verdict(PASSED, slower, tolerance=tolerance)
    assert (found.word, found.exit_code) == (word, code)
    assert any("median is worse than tolerated" in reason for reason in found.reasons) == (code == 1)


@pytest.mark.parametrize(("invalid", "word", "code"), [(False, "failed", 1), (True, "not judged", 2)])
def test_the_runs_own_verdict_comes_first(slower: RunComparison, *, invalid: bool, word: str, code: int) -> None:
    """A missed criterion fails the gate, and an INVALID load is not judged, whatever the comparison says."""
    found = gate_verdict(Verdict(passed=False, reasons=["why"], rows=[], invalid=invalid), slower)
    assert (found.word, found.exit_code, found.reasons) == (word, code, ("why",))


def test_without_a_comparison_only_a_run_that_needs_none_passes() -> None:
    """The reason is that there is no baseline."""
    assert gate_verdict(PASSED, None).exit_code == 0
    found = gate_verdict(PASSED, None, not_compared="there is no baseline")
    assert (found.exit_code, found.reasons) == (2, ("there is no baseline",))


def test_a_workload_that_cannot_be_compared_is_not_passed(slower: RunComparison) -> None:
    """It is named with the reason."""
    refused = replace(slower.workloads[0], refused="its samples are damaged", figures=())
    found = gate_verdict(PASSED, replace(slower, workloads=(refused,)))
    assert found.exit_code == 2
    assert "its samples are damaged" in found.reasons[0]
