"""Starts another run of the same recipe on the same cloud, to confirm a suspected change."""

from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException

from operators.stage import StageOperator, is_true, reports_failure

_LONGEST = 250  # characters that Airflow keeps of a run's id


class ConfirmOperator(StageOperator):
    """Triggers a run of its own DAG if a change is suspected, and this is not the last confirmation run.

    `wanted`: whether a change is suspected; `cloud`: of this run; `number`: which confirmation run this one is, 0 =
    none of them; `limit`: how many there may be. A retry triggers nothing twice.
    """

    template_fields = ("wanted", "cloud", "number")

    def __init__(self, *, wanted: bool | str, cloud: str, number: int | str, limit: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wanted = wanted
        self.cloud = cloud
        self.number = number
        self.limit = limit

    @reports_failure
    def execute(self, context: Context) -> None:
        """Trigger the run, by a signal to Airflow."""
        if not is_true("wanted", self.wanted):
            raise AirflowSkipException("no run is wanted to confirm a change")
        number = int(self.number) + 1
        if number > self.limit:
            raise AirflowSkipException(
                f"the change is not confirmed, and this recipe has at most {self.limit} such runs"
            )
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        self.log.info("a change is suspected: confirmation run %d of at most %d begins", number, self.limit)
        raise DagRunTriggerException(
            trigger_dag_id=dag_id,
            dag_run_id=f"confirmation_{number}_of_{run_id}"[:_LONGEST],
            conf={"cloud": self.cloud, "confirmation": number},
            reset_dag_run=False,
            skip_when_already_exists=True,
            wait_for_completion=False,
            allowed_states=[],
            failed_states=[],
            poke_interval=0,
            deferrable=False,
            note=f"confirmation run {number} of at most {self.limit} of {run_id}",
        )
