"""References: the uuids under which the stages of a run store their results, computed from the run alone.

By them a stage that is retried after a kill finds its own rows, and the terminal can follow a run that it triggered.
"""

from typing import Literal, get_args
from uuid import UUID, uuid5

NAMESPACE = UUID("6d0f7a52-6f5e-5d0c-9a53-1f3f6f0b7c11")

RECIPE_TAG = "recipe:"  # begins the tag that all results of a recipe have; its name follows

StageName = Literal["deploy", "verify", "benchmark"]
_COMPUTED = 5  # the version of uuids that are computed from names
STAGES: tuple[StageName, ...] = get_args(StageName)


def reference(dag_id: str, run_id: str, stage: StageName) -> str:
    """Return the uuid of the deployment, verification or task that `stage` makes in a run."""
    return str(uuid5(NAMESPACE, f"{dag_id}/{run_id}/{stage}"))


def is_of_a_run(uuid: str) -> bool:
    """Tell whether a task belongs to an Airflow run: tasks of the command line have random uuids."""
    return UUID(uuid).version == _COMPUTED


def workload_reference(task_uuid: str, position: int) -> str:
    """Return the uuid of the workload at `position` (0-based) of a task."""
    return str(uuid5(UUID(task_uuid), str(position)))
