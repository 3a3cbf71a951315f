"""Deploy cloud: makes the cloud of a spec stand, and leaves it standing.

| task | what it does |
|---|---|
| `deploy.plan` | has the servers made, and says which steps are to be done |
| `deploy.step` | one task for each step; it runs on its host by itself, and holds no worker |
| `deploy.register` | registers the cloud, so that later runs can name it |

A run that failed is cleared, or triggered again: what is done stays done.
"""

from datetime import timedelta

from airflow.sdk import DAG

from operators import params
from operators.deploy_steps import deploy_steps

with DAG(
    "deploy_cloud",
    description="Deploy a cloud, a task for each step",
    doc_md=__doc__,
    schedule=None,
    params={
        "cloud_spec": params.cloud_spec(),
    },
    tags=["rallycross"],
    default_args={"retries": 0},
    max_active_runs=4,
    max_active_tasks=16,
):
    deploy_steps("{{ params.cloud_spec }}", execution_timeout=timedelta(hours=6))
