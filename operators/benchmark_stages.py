"""The stages of a DAG that benchmarks an existing cloud: load, then judge, clean, report and verdict as teardowns."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from operators.benchmark import BenchmarkOperator, CleanOperator
from operators.judge import JudgeOperator
from operators.report import ReportOperator
from operators.retries import RETRIED
from operators.stage import StageOperator
from operators.verdict import VerdictOperator

# A time-out of the whole run would skip the teardowns, so each stage has its own.
QUICK = timedelta(minutes=15)


def benchmark_stages(*, cloud: str, after_report: Sequence[StageOperator] = (), **load: Any) -> None:
    """Add the stages to the DAG of the context.

    `cloud` and `load` are arguments of `BenchmarkOperator`. `after_report`: further teardowns, which run one after
    another between report and verdict.
    """
    benchmark = BenchmarkOperator(
        task_id="benchmark",
        cloud=cloud,
        execution_timeout=timedelta(hours=24),
        doc_md="Puts load on the cloud. Never retried: an interrupted load is judged by its samples so far.",
        **load,
    )
    judge = JudgeOperator(
        task_id="judge",
        **RETRIED,
        execution_timeout=QUICK,
        doc_md="Computes statistics and SLA rows from the samples.",
    ).as_teardown()
    clean = CleanOperator(
        task_id="clean",
        **RETRIED,
        cloud=cloud,
        execution_timeout=timedelta(hours=1),
        doc_md="Deletes what an interrupted load has left in the cloud, by the ledger.",
    ).as_teardown()
    report = ReportOperator(
        task_id="report",
        **RETRIED,
        stages=["benchmark"],
        parts=["benchmark"],
        execution_timeout=QUICK,
        doc_md="Writes the HTML, JUnit and JSON reports: see the run's tab Report.",
    ).as_teardown()
    # Airflow derives a run's state from its leaves: only a teardown that may fail the run decides in every case.
    verdict = VerdictOperator(
        task_id="verdict",
        **RETRIED,
        stages=["benchmark", "judge", "clean", "report", *(stage.task_id for stage in after_report)],
        parts=["benchmark"],
        execution_timeout=QUICK,
        doc_md="Fails the run unless everything passed.",
    ).as_teardown(on_failure_fail_dagrun=True)

    benchmark >> [judge, clean]
    last: StageOperator = report
    judge >> report
    for stage in after_report:
        last >> stage.as_teardown()
        last = stage
    [clean, last] >> verdict
