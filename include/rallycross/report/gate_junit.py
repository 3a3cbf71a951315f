"""The result of a gate as JUnit XML: the report of the run, and a test case for each compared workload and action."""

from xml.etree import ElementTree as ET

from rallycross.judging.run_comparison.compare import RunComparison, WorkloadComparison
from rallycross.judging.run_comparison.figure_comparison import FigureComparison
from rallycross.judging.run_comparison.gate import GateVerdict, is_too_bad
from rallycross.report.junit import add_case, add_result, add_suite, suites, written
from rallycross.report.run import RunResults
from rallycross.views.run_comparison import sentence, title


def gate_junit(run: RunResults, found: RunComparison | None, verdict: GateVerdict, *, tolerance: float) -> bytes:
    """Return the XML; without a comparison, the reason is a test case."""
    root = suites(run)
    suite = add_suite(root, "comparison")
    for workload in found.workloads if found else ():
        _workload(suite, workload, tolerance)
    if not found and verdict.word == "not judged":
        add_result(add_case(suite, "comparison", "baseline"), "error", "; ".join(verdict.reasons))
    return written(root)


def _workload(suite: ET.Element, workload: WorkloadComparison, tolerance: float) -> None:
    group = f"comparison.{workload.number}. {workload.scenario}"
    if workload.refused:
        add_result(add_case(suite, group, "total"), "skipped", workload.refused)
    by_action: dict[tuple[str, int], list[FigureComparison]] = {}
    for figure in workload.figures:
        by_action.setdefault((figure.action, figure.depth), []).append(figure)
    for (action, _), figures in by_action.items():
        case = add_case(suite, group, action or "total")
        lines = [f"{title(one)}: {sentence(one)}" for one in figures]
        if bad := [line for one, line in zip(figures, lines, strict=True) if is_too_bad(one, tolerance)]:
            add_result(case, "failure", "; ".join(bad), "\n".join(lines))
