"""Destroy cloud: undoes a deployment, complete or not, by the ledger.

Results, reports and logs stay.
"""

from datetime import timedelta

from airflow.sdk import DAG

from operators import params
from operators.destroy import DestroyOperator

with DAG(
    "destroy_cloud",
    description="Destroy a cloud",
    doc_md=__doc__,
    schedule=None,
    params={
        "cloud_spec": params.cloud_spec("The spec that the cloud was deployed from, as YAML or as a file"),
    },
    tags=["rallycross"],
    default_args={"retries": 0},
    max_active_runs=4,
):
    DestroyOperator(
        task_id="destroy",
        cloud_spec="{{ params.cloud_spec }}",
        keep=False,
        execution_timeout=timedelta(hours=1),
        doc_md="Undoes the steps of the deployment in reverse order, and deletes its servers.",
    )
