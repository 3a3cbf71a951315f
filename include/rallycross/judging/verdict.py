"""The verdict on a whole run: whether all its stages were carried out and passed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rallycross.judging.sla import INVALID_LOAD, LEFT_BEHIND
from rallycross.results.figure_damage import mark_damaged_figures
from rallycross.results.models import DeploymentRow, TaskRow, TestRow, VerificationRow, WorkloadRow
from rallycross.results.sample_damage import mark_damage
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.verification.test import FAILED, PASSED

_NAMED = 3  # failed tests that a reason names


@dataclass(frozen=True)
class Verdict:
    """Whether a run passed; if not, the reasons in sentences."""

    passed: bool
    reasons: list[str]
    rows: list[SlaRow]  # of all workloads, in their order
    invalid: bool = False  # whether it did not pass only because of invalid loads

    @property
    def word(self) -> Literal["passed", "failed", "invalid"]:
        """The verdict in one word."""
        return "passed" if self.passed else "invalid" if self.invalid else "failed"


def verdict(
    store: Store,
    *,
    deployment: str | None = None,
    verification: str | None = None,
    task: str | None = None,
    samples: Path | None = None,
) -> Verdict:
    """Judge a run by the uuids of its stages; None = the stage was not requested.

    The task must have been judged. A run that did nothing has not passed. With the folder of the sample files, damage
    to these and to the database since then counts as well.
    """
    reasons: list[str] = []
    of_task = Verdict(passed=True, reasons=[], rows=[])
    if deployment is not None:
        reasons += _deployment_reasons(store.deployments.get(deployment))
    if verification is not None:
        reasons += _verification_reasons(store.verifications.get(verification), store.tests.of(verification))
    if task is not None:
        row = store.tasks.get(task)
        if row is not None and samples is not None:
            mark_damage(row, samples)
            mark_damaged_figures(row)
        of_task = task_verdict(row)
        reasons += of_task.reasons
    if deployment is None and verification is None and task is None:
        reasons.append("Nothing was deployed, verified or benchmarked.")
    return Verdict(not reasons, reasons, of_task.rows, invalid=of_task.invalid and reasons == of_task.reasons)


def task_verdict(row: TaskRow | None) -> Verdict:
    """Judge a task whose workloads have been judged; None = it never began."""
    reasons = list(_task_reasons(row))
    workloads = row.workloads if row else []
    invalid = [reason for workload in workloads for reason in _invalid_reasons(workload)]
    rows = [SlaRow(sla.criterion, sla.passed, sla.detail) for workload in workloads for sla in workload.sla_rows]
    return Verdict(not reasons, reasons, rows, invalid=bool(reasons) and len(reasons) == len(invalid))


def problems_beside(verdict: Verdict, problems: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the error lines of failed stages that are not among the verdict's reasons."""
    found = {
        stage: [
            line.strip()
            for line in problem.splitlines()
            if line.strip() and not any(line.strip().rstrip(".") in reason for reason in verdict.reasons)
        ]
        for stage, problem in problems.items()
    }
    return {stage: lines for stage, lines in found.items() if lines}


def with_problems(verdict: Verdict, problems: Mapping[str, str]) -> Verdict:
    """Return the verdict on a run with failed stages: their error lines are added as the first reasons."""
    told = [
        f"The stage {stage} failed: {line.rstrip('.')}."
        for stage, lines in problems_beside(verdict, problems).items()
        for line in lines
    ]
    return replace(verdict, passed=False, reasons=[*told, *verdict.reasons], invalid=False) if told else verdict


def first_line(text: str) -> str:
    """Return the first non-empty line."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _deployment_reasons(row: DeploymentRow | None) -> Iterator[str]:
    if row is None:
        yield "The deployment never began."
    elif row.status == "running":
        yield f"The deployment of {row.cloud} did not finish."
    elif row.status != "finished":
        yield _sentence(f"The deployment of {row.cloud} failed", row.error)


def _verification_reasons(row: VerificationRow | None, tests: list[TestRow]) -> Iterator[str]:
    if row is None:
        yield "The verification never began."
        return
    if row.status == "running":
        yield f"The verification did not finish: {len(tests)} of {row.total} tests ended."
    elif row.status != "finished":
        yield _sentence("The verification failed", row.error)
    failed = [test.name for test in tests if test.status in FAILED]
    if failed:
        named = ", ".join(failed[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
        yield f"{len(failed)} of {len(tests)} verification tests failed: {named}."
    elif row.status == "finished" and not any(test.status in PASSED for test in tests):
        yield f"The verification proved nothing: none of its {len(tests)} tests passed."


def _task_reasons(row: TaskRow | None) -> Iterator[str]:
    if row is None:
        yield "The benchmark never began."
        return
    if not row.workloads:
        yield "The benchmark has no workload."
    for workload in row.workloads:
        invalid = list(_invalid_reasons(workload))
        yield from invalid
        if workload.passed is None:
            yield f"{_title(workload)} was not judged."
        for sla in workload.sla_rows:
            # The generator may have caused the missed criteria of an invalid load, but not leftovers in the cloud.
            if not sla.passed and (not invalid or sla.criterion == LEFT_BEHIND):
                yield _sentence(f"{_title(workload)} did not pass: {sla.criterion}", sla.detail)


def _invalid_reasons(workload: WorkloadRow) -> Iterator[str]:
    """Yield why loads are invalid: their criteria then say nothing about the cloud."""
    for sla in workload.sla_rows:
        if sla.criterion == INVALID_LOAD and workload.status in {"finished", "aborted_on_sla"}:
            yield _sentence(f"{_title(workload)} is INVALID", sla.detail)


def _title(workload: WorkloadRow) -> str:
    return f"Workload {workload.position + 1}, {workload.scenario},"


def _sentence(start: str, detail: str) -> str:
    detail = first_line(detail).rstrip(".")
    return f"{start}: {detail}." if detail else f"{start}."
