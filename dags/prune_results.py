"""Prune results: deletes old results, or only their samples. Nothing in a cloud is touched.

As the form opens, nothing is deleted: the log of `prune` says what would be. Results that run are never deleted.
It runs by hand, or as `RALLYCROSS_PRUNE_SCHEDULE` says; `RALLYCROSS_PRUNE_DELETE` and `RALLYCROSS_PRUNE_OLDER_THAN` are
the defaults of the form.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from operators import params
from operators.prune import PruneOperator, schedule
from operators.retries import RETRIED
from rallycross.settings import settings

SETTINGS = settings()

PARAMS = {
    "older_than": Param(
        SETTINGS.prune_older_than,
        type="string",
        pattern=r"^\s*[0-9.]+\s*(s|m|min|h|d|w)\s*$",
        title="Older than",
        description="What ended longer ago than this: a number and s, m, h, d or w.",
    ),
    "samples_only": Param(
        default=True,
        type="boolean",
        title="Samples only",
        description="Delete the samples; figures, verdicts and reports stay. Off: the results are deleted as a whole.",
    ),
    "delete": Param(
        default=SETTINGS.prune_delete,
        type="boolean",
        title="Delete",
        description="Off: the log only says what would be deleted.",
    ),
    "keep_tagged": Param(
        default=True,
        type="boolean",
        title="Keep tagged",
        description="Keep tasks that have a tag, apart from the one that all runs of a scheduled recipe have.",
    ),
    "keep_last": Param(
        10,
        type="integer",
        minimum=0,
        maximum=1_000_000,
        title="Keep the last",
        description="Keep so many of each recipe, or title, on each cloud.",
    ),
    "cloud": params.optional_text(title="Cloud", description="Only results of this cloud; empty: of all."),
}

with DAG(
    "prune_results",
    description="Delete old results, or only their samples",
    doc_md=__doc__,
    schedule=schedule(SETTINGS),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params=PARAMS,
    tags=["rallycross"],
    default_args={"retries": 0},
    max_active_runs=1,
) as dag:
    PruneOperator(
        task_id="prune",
        older_than="{{ params.older_than }}",
        keep_tagged="{{ params.keep_tagged }}",
        keep_last="{{ params.keep_last }}",
        samples_only="{{ params.samples_only }}",
        cloud="{{ params.cloud or '' }}",
        delete="{{ params.delete }}",
        execution_timeout=timedelta(hours=6),
        **RETRIED,
        doc_md="Deletes what the form says, or only says what would be deleted.",
    )
