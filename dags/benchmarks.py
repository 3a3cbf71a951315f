"""Benchmarks on a schedule: DAGs of the recipes that have a file NAME.schedule.yaml beside them (docs/continuous.md).

| recipe | DAGs |
|---|---|
| on one cloud | `benchmark_NAME`: the run itself |
| on several | `benchmark_NAME` begins a run of `benchmark_NAME.clouds` for each cloud; its partition is the cloud |
| | `benchmark_NAME.comparison` runs when every cloud has had its run |
| with an error in the file | `benchmark_NAME`, which is not scheduled, and shows the error |
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    AsyncCallback,
    CronTriggerTimetable,
    DeadlineAlert,
    DeadlineReference,
    FixedKeyMapper,
    Param,
    PartitionedAssetTimetable,
    RollupMapper,
    SegmentWindow,
)

from operators import overdue
from operators.announce import AnnounceOperator
from operators.benchmark_stages import QUICK, benchmark_stages
from operators.compare_clouds import CompareCloudsOperator
from operators.confirm import ConfirmOperator
from operators.detect import DetectChangesOperator
from operators.invalid_recipe import InvalidRecipeOperator
from operators.retries import RETRIED
from operators.runs_ended import RunsEndedSensor
from operators.stage import StageOperator
from operators.verify import verified
from rallycross.scheduled_recipes import InvalidRecipe, ScheduledRecipe, scheduled_recipes
from rallycross.settings import settings

_log = logging.getLogger(__name__)
_TAGS = ["rallycross", "recipe"]
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_ROUND = timedelta(days=1)  # the longest that a round of all clouds may take before the next one of `@continuous`


def one_cloud(recipe: ScheduledRecipe) -> list[DAG]:
    """Return the DAG of a recipe that has one cloud."""
    (cloud,) = recipe.clouds
    with DAG(
        _dag_id(recipe),
        description=f"{recipe.task_file} on {cloud}",
        doc_md=_about(recipe),
        schedule=_schedule(recipe),
        # Cron needs no start: with one, its last time before the DAG was new would be due at once.
        start_date=_LONG_AGO if recipe.schedule.kind == "continuous" else None,
        **_common(recipe),
        **_deadline(recipe),
        # Two loads at once on one cloud would affect each other's figures.
        max_active_runs=1,
        params={"cloud": _cloud_param(recipe), "confirmation": _confirmation_param()},
        is_paused_upon_creation=recipe.paused,
    ) as dag:
        _stages(recipe, cloud)
    return [dag]


def several_clouds(recipe: ScheduledRecipe) -> list[DAG]:
    """Return the DAGs of a recipe with several clouds: what begins a round, a run for each cloud, the comparison."""
    dag_id = _dag_id(recipe)
    runs = f"{dag_id}.clouds"
    due = Asset(name=f"due-{recipe.name}", uri=f"rallycross://recipes/{recipe.name}/due")
    done = Asset(name=f"benchmarked-{recipe.name}", uri=f"rallycross://recipes/{recipe.name}/benchmarked")
    clouds = list(recipe.clouds)
    with DAG(
        dag_id,
        description=f"{recipe.task_file} on {', '.join(clouds)}: begins a run on each",
        doc_md=_about(recipe),
        schedule=_schedule(recipe),
        # Cron needs no start: with one, its last time before the DAG was new would be due at once.
        start_date=_LONG_AGO if recipe.schedule.kind == "continuous" else None,
        **_common(recipe),
        max_active_runs=1,
        is_paused_upon_creation=recipe.paused,
    ) as begins:
        announce = AnnounceOperator(
            task_id="announce",
            asset=due,
            clouds=clouds,
            only_verified=recipe.schedule.kind == "verified" and not recipe.schedule.value,
            execution_timeout=QUICK,
            **RETRIED,
            # Airflow merges updates of a partition that it has not seen yet into one run: a backfill would lose some.
            max_active_tis_per_dag=1,
            doc_md=f"Begins a run of {runs} on each cloud.",
        )
        if recipe.schedule.kind == "continuous":
            ended = RunsEndedSensor(
                task_id="wait",
                runs_of=runs,
                timeout=_ROUND.total_seconds(),
                execution_timeout=QUICK,
                doc_md="Waits until the runs of the last round have ended.",
            )
            ended >> announce
    with DAG(
        runs,
        description=f"{recipe.task_file}: a run for each cloud",
        doc_md=_about(recipe),
        schedule=PartitionedAssetTimetable(assets=due),
        **_common(recipe),
        **_deadline(recipe),
        max_active_runs=len(clouds),
        params={"cloud": _cloud_param(recipe), "confirmation": _confirmation_param()},
        is_paused_upon_creation=False,  # the DAG that begins the runs is paused instead
    ) as each:
        cloud = "{{ dag_run.partition_key or params.cloud }}"
        announce = AnnounceOperator(
            task_id="announce",
            asset=done,
            # A confirmation run is beside the rounds: the next comparison would not wait for this cloud.
            clouds=[f"{{% if not params.confirmation %}}{cloud}{{% endif %}}"],
            execution_timeout=QUICK,
            **RETRIED,
            doc_md="Tells the comparison that this cloud has had its run.",
        )
        _stages(recipe, cloud, announce)
    with DAG(
        f"{dag_id}.comparison",
        description=f"{recipe.task_file}: the figures of {', '.join(clouds)} side by side",
        doc_md=_about(recipe),
        schedule=PartitionedAssetTimetable(
            assets=done,
            default_partition_mapper=RollupMapper(
                upstream_mapper=FixedKeyMapper("all clouds"), window=SegmentWindow(clouds)
            ),
        ),
        **_common(recipe),
        max_active_runs=1,
        is_paused_upon_creation=False,
    ) as comparison:
        CompareCloudsOperator(
            task_id="compare",
            clouds=clouds,
            tag=recipe.history_tag,
            execution_timeout=QUICK,
            **RETRIED,
            doc_md="Shows the figures of the newest run on each cloud side by side, in its log.",
        )
    return [begins, each, comparison]


def invalid(recipe: InvalidRecipe) -> list[DAG]:
    """Return a DAG that shows why a recipe cannot be scheduled."""
    _log.warning("%s", recipe.error)
    with DAG(
        _dag_id(recipe),
        description=f"INVALID: {recipe.file}",
        doc_md=f"This recipe cannot be scheduled:\n\n```\n{recipe.error}\n```\n",
        schedule=None,
        tags=[*_TAGS, "invalid"],
        default_args={"retries": 0},
        auto_register=False,
    ) as dag:
        InvalidRecipeOperator(
            task_id="schedule", error=recipe.error, execution_timeout=QUICK, doc_md="Fails with what is wrong."
        )
    return [dag]


def _stages(recipe: ScheduledRecipe, cloud: str, *before_verdict: StageOperator) -> None:
    changes = DetectChangesOperator(
        task_id="changes",
        **RETRIED,
        execution_timeout=QUICK,
        doc_md="Finds what became slower or faster over the runs of this recipe on this cloud.",
    )
    confirm = ConfirmOperator(
        task_id="confirm",
        **RETRIED,
        wanted="{{ (ti.xcom_pull(task_ids='changes') or {}).get('confirm', False) }}",
        cloud=cloud,
        number="{{ params.confirmation }}",
        limit=recipe.confirmations,
        execution_timeout=QUICK,
        doc_md="Starts another run on this cloud, if a change is suspected that only another run can confirm.",
    )
    benchmark_stages(
        cloud=cloud,
        task_file=recipe.task_file,
        task_args=dict(recipe.task_args),
        from_form=False,
        tags=[recipe.history_tag, *recipe.tags, "{{ 'confirmation' if params.confirmation else '' }}"],
        # Runs of a backfill may be active at the same time, their loads must not.
        max_active_tis_per_dag=1,
        after_report=[changes, confirm, *before_verdict],
    )


def _dag_id(recipe: ScheduledRecipe | InvalidRecipe) -> str:
    return f"benchmark_{recipe.name}"


def _common(recipe: ScheduledRecipe) -> dict[str, Any]:
    return {
        "tags": [*_TAGS, *recipe.tags],
        "default_args": {"retries": 0},
        "max_active_tasks": 16,
        "catchup": False,
        "auto_register": False,  # only what Airflow accepts as a whole becomes a DAG, see below
    }


def _schedule(recipe: ScheduledRecipe) -> Any:
    """Return the DAG's schedule."""
    match recipe.schedule.kind:
        case "continuous":
            return "@continuous"
        case "verified":
            wanted = [recipe.schedule.value] if recipe.schedule.value else recipe.clouds
            return AssetAny(*(verified(cloud) for cloud in wanted))
        case "asset":
            return AssetAny(Asset.ref(name=recipe.schedule.value))
        case _:
            return CronTriggerTimetable(recipe.schedule.value, timezone=recipe.timezone)


def _deadline(recipe: ScheduledRecipe) -> dict[str, Any]:
    if recipe.deadline is None:
        return {}
    told = AsyncCallback(overdue.tell, kwargs={"recipe": recipe.name, "limit": str(recipe.deadline)})
    alert = DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=recipe.deadline, callback=told)
    return {"deadline": alert}


def _cloud_param(recipe: ScheduledRecipe) -> Param:
    return Param(
        recipe.clouds[0],
        enum=list(recipe.clouds),
        title="Cloud",
        description="Where a run that is started by hand puts its load.",
    )


def _confirmation_param() -> Param:
    return Param(
        0,
        type="integer",
        minimum=0,
        maximum=100,
        title="Confirmation run",
        description="Which run this is of those that confirm a suspected change; 0: none of them.",
    )


def _about(recipe: ScheduledRecipe) -> str:
    return f"{__doc__}\nThis one is scheduled by `{recipe.file}`; its results have the tag `{recipe.history_tag}`.\n"


def dags_of(recipe: ScheduledRecipe | InvalidRecipe) -> list[DAG]:
    """Return the DAGs of a recipe. What Airflow refuses is told in a DAG, too: the others must not suffer from it."""
    if isinstance(recipe, InvalidRecipe):
        return invalid(recipe)
    try:
        return one_cloud(recipe) if len(recipe.clouds) == 1 else several_clouds(recipe)
    except Exception as error:  # noqa: BLE001 - whatever Airflow raises
        return invalid(InvalidRecipe(recipe.name, recipe.file, f"{recipe.file}: Airflow refuses it: {error}"))


for one in scheduled_recipes(settings().recipes):
    globals().update({dag.dag_id: dag for dag in dags_of(one)})
