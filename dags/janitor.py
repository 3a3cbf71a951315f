"""Janitor: finds what dead runs have left in clouds, and deletes it if that is allowed.

| task | what it does |
|---|---|
| `clouds` | lists the clouds: those of the form, or all registered ones |
| `janitor` | one task for each cloud: reports by kind, age and owner what is left; deletes it if `delete` is on |

First comes what the ledger of this checkout has of runs whose process is gone, then what has a name that only
Rallycross and Rally give, such as that of runs of other checkouts. Nothing with another name is touched, and nothing of
a run that is alive here. The log of each task has all that was found, its XCom the summary.

It runs by hand, or as `RALLYCROSS_JANITOR_SCHEDULE` says. A cloud that is down fails its own task only.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from operators import params
from operators.janitor import LONGEST, JanitorOperator, ListCloudsOperator, schedule
from operators.retries import RETRIED
from rallycross.cloud.naming import BEGINNINGS
from rallycross.settings import settings

SETTINGS = settings()

PARAMS = {
    "clouds": params.optional_lines(
        title="Clouds",
        description="Registered clouds, or connections of type OpenStack, one per line; empty: all registered clouds.",
    ),
    "delete": Param(
        default=SETTINGS.janitor_delete,
        type="boolean",
        title="Delete",
        description="Delete what is found. Off: it is only reported.",
    ),
    "older_than": Param(
        SETTINGS.janitor_older_than,
        type="number",
        minimum=0,
        maximum=LONGEST,
        title="Older than",
        description="Minutes in which a run must not have made anything, so that what has its names counts as left."
        " 0: everything counts, also what belongs to a run of another checkout, or of Rally, that is alive.",
    ),
    "names": Param(
        list(BEGINNINGS),
        type="array",
        items={"type": "string", "enum": list(BEGINNINGS)},
        examples=list(BEGINNINGS),
        values_display={name: f"{name}...: {what}" for name, what in BEGINNINGS.items()},
        minItems=1,
        title="Names",
        description="Beginnings of the names to look for, which are the same for Rallycross and Rally.",
    ),
}

with DAG(
    "janitor",
    description="Find, and delete, what dead runs have left in clouds",
    doc_md=__doc__,
    schedule=schedule(SETTINGS),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params=PARAMS,
    tags=["rallycross"],
    default_args={"retries": 0},
    max_active_runs=1,
    max_active_tasks=8,
):
    clouds = ListCloudsOperator(
        task_id="clouds",
        **RETRIED,
        clouds="{{ (params.clouds or []) | join('\n') }}",
        execution_timeout=timedelta(minutes=15),
        doc_md="Lists the clouds: those of the form, or all registered ones.",
    )
    JanitorOperator.partial(
        task_id="janitor",
        **RETRIED,
        delete="{{ params.delete }}",
        older_than="{{ params.older_than }}",
        names="{{ params.names | join(',') }}",
        map_index_template="{{ task.cloud }}",
        execution_timeout=timedelta(hours=6),
        doc_md="Reports what is left in one cloud, and deletes it if that is allowed.",
    ).expand(cloud=clouds.output)
