"""Destroy cloud: takes back all that a deployment has made, half or whole, by the ledger.

Results, reports and logs stay.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators.destroy import DestroyOperator
from rallycross.settings import CHECKOUT

with DAG(
    "destroy_cloud",
    description="Destroy a cloud",
    doc_md=__doc__,
    schedule=None,
    params={
        "cloud_spec": Param(
            "include/clouds/embedded.yaml",
            type="string",
            minLength=1,
            examples=sorted(str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / "include/clouds").rglob("*.yaml")),
            title="Cloud spec",
            description="The spec by which the cloud was deployed: a file, or the YAML itself.",
        ),
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
