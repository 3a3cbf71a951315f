"""The verdict on a change by a run: its own SLA, and its comparison with a baseline."""

from dataclasses import dataclass
from typing import Literal

from rallycross.judging.run_comparison.compare import RunComparison, WorkloadComparison
from rallycross.judging.run_comparison.figure_comparison import FAILED, FigureComparison
from rallycross.judging.verdict import Verdict

TOLERANCE = 0.05  # a figure may be worse by this share

Word = Literal["passed", "failed", "worse", "not judged"]


@dataclass(frozen=True)
class GateVerdict:
    """Whether a change may pass, and why not."""

    word: Word
    reasons: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed or worse, 2 not judged."""
        return {"passed": 0, "failed": 1, "worse": 1, "not judged": 2}[self.word]


def gate_verdict(
    run: Verdict, found: RunComparison | None, *, not_compared: str = "", tolerance: float = TOLERANCE
) -> GateVerdict:
    """Return the verdict on a run with these SLA results and this comparison, whose second side is the run.

    `not_compared` is why there is no comparison; without such a reason none was needed.
    """
    if not run.passed:
        return GateVerdict("not judged" if run.invalid else "failed", tuple(run.reasons))
    if found is None:
        return GateVerdict("not judged", (not_compared,)) if not_compared else GateVerdict("passed", ())
    if worse := [
        f"{name(workload, figure)} is worse than tolerated"
        for workload in found.workloads
        for figure in workload.figures
        if is_too_bad(figure, tolerance)
    ]:
        return GateVerdict("worse", tuple(worse))
    if refused := [f"{one.number}. {one.scenario}: {one.refused}" for one in found.workloads if one.refused]:
        return GateVerdict("not judged", tuple(refused))
    return GateVerdict("passed", ())


def is_too_bad(figure: FigureComparison, tolerance: float) -> bool:
    """Return whether a figure is worse, and by more than tolerated; failures have no tolerance beside the SLA."""
    return figure.outcome == "worse" and (figure.figure == FAILED or abs(figure.change) > tolerance)


def name(workload: WorkloadComparison, figure: FigureComparison) -> str:
    """Return a figure with its workload and action."""
    action = f", {figure.action}" if figure.action else ""
    return f"{workload.number}. {workload.scenario}{action}: {figure.figure}"
