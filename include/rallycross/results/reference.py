"""References: the uuids under which a run's stages keep their results, computed from the run alone.

A task that is run again after a kill finds its own rows by them, and the terminal follows a run that it has only
triggered.
"""

from typing import Literal, get_args
from uuid import UUID, uuid5

NAMESPACE = UUID("6d0f7a52-6f5e-5d0c-9a53-1f3f6f0b7c11")

Stage = Literal["deploy", "verify", "benchmark"]
_COMPUTED = 5  # version of a uuid that was computed from names
STAGES: tuple[Stage, ...] = get_args(Stage)


def reference(dag_id: str, run_id: str, stage: Stage) -> str:
    """Return the uuid of what `stage` makes in one run: a deployment, a verification or a task."""
    return str(uuid5(NAMESPACE, f"{dag_id}/{run_id}/{stage}"))


def is_of_a_run(uuid: str) -> bool:
    """Whether a task is one of Airflow's runs: the command line gives its tasks random uuids."""
    return UUID(uuid).version == _COMPUTED


def workload_reference(task_uuid: str, position: int) -> str:
    """Return the uuid of the workload at `position` (0-based) of a task."""
    return str(uuid5(UUID(task_uuid), str(position)))
