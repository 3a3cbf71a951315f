"""Destroy cloud: takes back all that a deployment has made, half or whole, by the ledger.

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
        "cloud_spec": params.cloud_spec("The spec by which the cloud was deployed, as YAML, or the file that has it"),
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
        doc_md="Undoes the steps of the deployment, the last first, and has the servers taken away.",
    )
