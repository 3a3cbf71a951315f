"""Waits until a DAG has no run that is queued or running. It occupies no worker meanwhile."""

from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.definitions.context import Context


class RunsEndedSensor(BaseSensorOperator):
    """Waits for the runs of the DAG `runs_of`."""

    def __init__(self, *, runs_of: str, **kwargs: Any) -> None:
        super().__init__(**{"mode": "reschedule", "poke_interval": 15.0, **kwargs})
        self.runs_of = runs_of

    def poke(self, context: Context) -> bool:
        """Tell whether there is none."""
        return context["ti"].get_dr_count(dag_id=self.runs_of, states=["queued", "running"]) == 0
