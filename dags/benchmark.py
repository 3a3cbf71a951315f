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

from airflow.sdk import DAG, Param

from operators import params
from operators.benchmark_stages import benchmark_stages

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
    benchmark_stages(
        cloud="{{ params.cloud or '' }}",
        task_file="{{ params.task_file }}",
        task_args="{{ (params.task_args or {}) | tojson }}",
        timing="{{ '' if params.timing == 'as-written' else params.timing }}",
        abort_on_sla_failure="{{ params.abort_on_sla_failure }}",
    )
