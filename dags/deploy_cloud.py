"""Deploy cloud: deploys the cloud of a spec, and keeps it.

| task | what it does |
|---|---|
| `deploy.plan` | creates the servers, and plans the steps to do |
| `deploy.step` | one task for each step; the step runs detached on its host, and does not occupy a worker |
| `deploy.register` | registers the cloud, so that later runs can refer to it by name |

Clear a failed run, or trigger a new one: steps that are done are not repeated.
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
