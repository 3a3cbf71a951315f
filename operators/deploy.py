"""Deploys a cloud from a cloud spec, and registers it, so that later stages and runs can refer to it by name."""

from typing import Any

from airflow.sdk.definitions.context import Context

from operators.stage import StageOperator, cloud_spec_of, log_step, own_reference, reports_failure


class DeployOperator(StageOperator):
    """Deploys the cloud of `cloud_spec`; an existing one is used as it is.

    `cloud_spec`: path of a cloud spec (relative to the checkout), or its YAML.
    Returns `{"deployment": uuid, "cloud": name}`.
    """

    template_fields = ("cloud_spec",)
    # The path ends in .yaml: without this, Airflow would take it for a template file of its own.
    template_ext = ()

    def __init__(self, *, cloud_spec: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:
        """Deploy the cloud, and record each step in the results database."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec, uuid = cloud_spec_of(context, self.cloud_spec), own_reference(context, "deploy")
        name = lifecycle.deploy(spec, store(), settings(), uuid=uuid, tell=log_step(self.log))
        return {"deployment": uuid, "cloud": name}
