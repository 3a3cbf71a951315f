"""Deploy cloud: makes the cloud of a spec stand, and leaves it standing.

| task | what it does |
|---|---|
| `deploy.plan` | has the servers made, and says which steps are to be done |
| `deploy.step` | one task for each step; it runs on its host by itself, and holds no worker |
| `deploy.register` | registers the cloud, so that later runs can name it |

A run that failed is cleared, or triggered again: what is done stays done.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators.deploy_steps import deploy_steps
from rallycross.settings import CHECKOUT

with DAG(
    "deploy_cloud",
    description="Deploy a cloud, a task for each step",
    doc_md=__doc__,
    schedule=None,
    params={
        "cloud_spec": Param(
            "include/clouds/embedded.yaml",
            type="string",
            minLength=1,
            examples=sorted(str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / "include/clouds").rglob("*.yaml")),
            title="Cloud spec",
            description="The cloud to deploy: a file of the checkout, any other path, or the YAML itself.",
        ),
    },
    tags=["rallycross"],
    default_args={"retries": 0},
    max_active_runs=4,
    max_active_tasks=16,
):
    deploy_steps("{{ params.cloud_spec }}", execution_timeout=timedelta(hours=6))
