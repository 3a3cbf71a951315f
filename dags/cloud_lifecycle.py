"""Cloud lifecycle: deploy, verify, benchmark, report.

Deploys an OpenStack cloud, verifies it, benchmarks it and reports on it.

| stage | what it does |
|---|---|
| `check` | reports errors in the cloud spec and the task file, before anything is created |
| `deploy` | deploys the cloud of the spec; an existing one is used as it is |
| `verify` | runs tempest tests; a failed test is a result, and does not stop the run |
| `benchmark` | puts the load of the task file on the cloud |
| `judge` | computes statistics and SLA rows from the samples |
| `clean` | deletes what an interrupted load has left in the cloud |
| `report` | writes the HTML, JUnit and JSON reports, also of a run that failed: see the run's tab **Report** |
| `destroy` | destroys the cloud, unless it is kept |
| `verdict` | fails the run unless everything passed |

The last five are teardowns: they run however the earlier stages ended, also when the run is marked failed.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators import params
from operators.benchmark import BenchmarkOperator, CleanOperator
from operators.check import CheckOperator
from operators.deploy import DeployOperator
from operators.destroy import DestroyOperator
from operators.judge import JudgeOperator
from operators.report import ReportOperator
from operators.retries import RETRIED
from operators.stage import NONE
from operators.verdict import VerdictOperator
from operators.verify import VerifyOperator
from rallycross.verification import SETS

# The form folds sections; parameters without a section are always visible.
PARAMS = {
    "cloud_spec": params.cloud_spec(),
    "task_file": params.task_file(),
    "verification": Param(
        "quick",
        enum=[*SETS, NONE],
        values_display={**{name: f"{name}: {what}" for name, what in SETS.items()}, NONE: f"{NONE}: skip this stage"},
        title="Verification",
        description="The set of tempest tests to run before the load.",
    ),
    "keep": Param(
        default=True,
        type="boolean",
        title="Keep the cloud",
        description="Keep the cloud after the run, for the next run to use. Off: it is destroyed.",
    ),
    "verification_concurrency": Param(
        2,
        type="integer",
        minimum=1,
        maximum=64,
        title="Tests at a time",
        description="How many tests of the verification run at the same time.",
        section="Details",
    ),
    "task_args": params.task_args(section="Details"),
}

# A time-out of the whole run would skip the teardowns, so each stage has its own.
QUICK = timedelta(minutes=15)

with DAG(
    "cloud_lifecycle",
    description="Deploy, verify, benchmark, report",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["rallycross"],
    default_args={"retries": 0},
    # Two loads at once on one cloud would affect each other's figures.
    max_active_runs=1,
    max_active_tasks=8,
):
    cloud = "{{ (ti.xcom_pull(task_ids='deploy') or {}).get('cloud', '') }}"
    check = CheckOperator(
        task_id="check",
        cloud_spec="{{ params.cloud_spec }}",
        task_file="{{ params.task_file }}",
        task_args="{{ (params.task_args or {}) | tojson }}",
        execution_timeout=QUICK,
        **RETRIED,
        doc_md="Reports errors in the cloud spec and the task file, before a cloud is deployed for them.",
    )
    deploy = DeployOperator(
        task_id="deploy",
        cloud_spec="{{ params.cloud_spec }}",
        execution_timeout=timedelta(hours=1),
        **RETRIED,
        doc_md="Deploys the cloud of the spec, step by step; steps that are done are skipped.",
    )
    verify = VerifyOperator(
        task_id="verify",
        cloud=cloud,
        tests="{{ params.verification }}",
        concurrency="{{ params.verification_concurrency }}",
        execution_timeout=timedelta(hours=12),
        doc_md="Runs tempest against the cloud. Failed tests do not stop the run; the verdict counts them.",
    )
    benchmark = BenchmarkOperator(
        task_id="benchmark",
        cloud=cloud,
        task_file="{{ params.task_file }}",
        task_args="{{ (params.task_args or {}) | tojson }}",
        trigger_rule="none_failed",  # also after a skipped verification
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
        cloud=cloud,
        execution_timeout=timedelta(hours=1),
        doc_md="Deletes what an interrupted load has left in the cloud, by the ledger.",
    ).as_teardown()
    report = ReportOperator(
        task_id="report",
        **RETRIED,
        stages=["check", "deploy", "verify", "benchmark"],
        tests="{{ params.verification }}",
        execution_timeout=QUICK,
        doc_md="Writes the HTML, JUnit and JSON reports: see the run's tab Report.",
    ).as_teardown()
    destroy = DestroyOperator(
        task_id="destroy",
        **RETRIED,
        cloud_spec="{{ params.cloud_spec }}",
        keep="{{ params.keep }}",
        execution_timeout=timedelta(hours=1),
        doc_md="Destroys the cloud, unless it is kept.",
    ).as_teardown()
    # Airflow derives a run's state from its leaves, also after a task was marked failed by hand: only a teardown that
    # may fail the run decides in every case.
    verdict = VerdictOperator(
        task_id="verdict",
        **RETRIED,
        stages=["check", "deploy", "verify", "benchmark", "judge", "clean", "report", "destroy"],
        tests="{{ params.verification }}",
        execution_timeout=QUICK,
        doc_md="Fails the run unless everything passed.",
    ).as_teardown(on_failure_fail_dagrun=True)

    check >> deploy >> verify >> benchmark >> [judge, clean]
    judge >> report
    [clean, report] >> destroy >> verdict
