"""Prints how a run ended: the verdict, SLA rows, the report's path, and the times of the stages."""

from collections.abc import Sequence

from rich.console import Console

from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.this_server import login
from rallycross.cli.airflow_run import AirflowRun, RunView
from rallycross.cli.grid import Grid
from rallycross.judging.sla import INVALID_LOAD
from rallycross.judging.verdict import task_verdict, with_problems
from rallycross.results.models import TaskRow
from rallycross.results.stop_note import stage_failure
from rallycross.views.wording import duration

PASSED, FAILED, COULD_NOT_RUN = 0, 1, 2


def exit_code(run: AirflowRun, view: RunView) -> int:
    """Return 0 if the run passed, 2 if it never reached its load, otherwise 1."""
    if view.state == "success":
        return PASSED
    task = run.store.tasks.get(run.task)
    loaded = task is not None and any(workload.started_at is not None for workload in task.workloads)
    return FAILED if loaded else COULD_NOT_RUN


def print_outcome(
    console: Console, run: AirflowRun, view: RunView, times: dict[str, float], server: AirflowServer
) -> None:
    """Print the outcome of a run."""
    console.print()
    print_rows(console, run.store.tasks.get(run.task))
    passed = view.state == "success"
    reasons = [] if passed else run.xcom("verdict", "reasons") or _reasons(run, view)
    print_verdict(console, passed=passed, invalid=not passed and bool(run.xcom("verdict", "invalid")), reasons=reasons)
    spent = [*times.items(), *((stage.name, stage.seconds) for stage in view.stages if stage.state != "skipped")]
    console.print()
    for what, value in (
        ("report", (run.xcom("report") or {}).get("html", "none was written: see the log of the stage report")),
        ("run", run.url),
        ("Airflow", login(server)),
        ("time", ", ".join(f"{name} {duration(seconds)}" for name, seconds in spent if seconds is not None)),
    ):
        console.print(f"{what:<8} {value}")


def print_verdict(console: Console, *, passed: bool, invalid: bool, reasons: Sequence[str]) -> None:
    """Print the verdict and its reasons."""
    word, style = ("INVALID", "bold yellow") if invalid else ("FAILED", "bold red")
    console.print("PASSED" if passed else word, style="bold green" if passed else style)
    for reason in reasons:
        console.print(f"  {reason}")


def print_rows(console: Console, task: TaskRow | None) -> None:
    """Print the SLA rows of a task's workloads."""
    table = Grid("workload", "criterion", "", "detail")
    named = [(subtask, workload) for subtask in (task.subtasks if task else ()) for workload in subtask.workloads]
    for subtask, workload in named:
        for row in workload.sla_rows:
            mark, style = ("passed", "green") if row.passed else ("FAILED", "red")
            if row.criterion == INVALID_LOAD:
                mark, style = "INVALID", "yellow"
            name = f"{workload.position + 1} {workload.scenario} ({subtask.title})"
            table.add_row(name, row.criterion, mark, row.detail, style="" if row.passed else style)
    if table.rows:
        console.print(table)
        console.print()


def _reasons(run: AirflowRun, view: RunView) -> list[str]:
    """Return why a run failed whose stage `verdict` has no result, including that stage's own failure."""
    failed = [stage.name for stage in view.stages if stage.state == "failed"]
    task = run.store.tasks.get(run.task)
    found = {
        name: stage_failure(run.xcom(name, "problem") or "", task if name == "benchmark" else None) for name in failed
    }
    return with_problems(task_verdict(task), found).reasons
