"""Benchmark: put load on an existing cloud, judge it and report on it.

| stage | what it does |
|---|---|
| `benchmark` | puts the load of the task file on the cloud |
| `judge` | computes statistics and SLA rows from the samples |
| `clean` | deletes what an interrupted load has left in the cloud |
| `report` | writes the HTML, JUnit and JSON reports: see the run's tab **Report** |
| `verdict` | fails the run unless everything passed |

All but the first are teardowns: they run however the load ended, also when the run is marked failed.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators import params
from operators.benchmark import BenchmarkOperator, CleanOperator
from operators.judge import JudgeOperator
from operators.report import ReportOperator
from operators.retries import RETRIED
from operators.verdict import VerdictOperator

AS_WRITTEN = "as-written"  # an enum in a form has no empty value

PARAMS = {
    "cloud": Param(
        "embedded",
        type=["null", "string"],
        title="Cloud",
        description="A registered cloud, or a connection of type OpenStack; empty for a task that needs no cloud.",
    ),
    "task_file": params.task_file(),
    "task_args": params.task_args(),
    "abort_on_sla_failure": Param(
        default=False,
        type="boolean",
        title="Abort on SLA failure",
        description="Stop a workload as soon as one of its criteria can no longer be met.",
        section="Details",
    ),
    "timing": Param(
        AS_WRITTEN,
        enum=[AS_WRITTEN, "intended", "rally"],
        values_display={
            AS_WRITTEN: "as the task file says",
            "intended": "from the due time",
            "rally": "as Rally does",
        },
        title="Timing",
        description="How durations are measured.",
        section="Details",
    ),
}

QUICK = timedelta(minutes=15)

with DAG(
    "benchmark",
    description="Put load on an existing cloud, judge, report",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["rallycross"],
    default_args={"retries": 0},
    # Two loads at once on one cloud would affect each other's figures.
    max_active_runs=1,
):
    load = BenchmarkOperator(
        task_id="benchmark",
        cloud="{{ params.cloud or '' }}",
        task_file="{{ params.task_file }}",
        task_args="{{ (params.task_args or {}) | tojson }}",
        timing="{{ '' if params.timing == 'as-written' else params.timing }}",
        abort_on_sla_failure="{{ params.abort_on_sla_failure }}",
        execution_timeout=timedelta(hours=24),
        doc_md="Puts load on the cloud. Never retried: an interrupted load is judged by its samples so far.",
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
        cloud="{{ params.cloud or '' }}",
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
        stages=["benchmark", "judge", "clean", "report"],
        parts=["benchmark"],
        execution_timeout=QUICK,
        doc_md="Fails the run unless everything passed.",
    ).as_teardown(on_failure_fail_dagrun=True)

    load >> [judge, clean]
    judge >> report
    [clean, report] >> verdict
