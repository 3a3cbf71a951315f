"""Destroys the cloud that a run has deployed."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import tells_why


class DestroyOperator(BaseOperator):
    """Destroys the cloud of `cloud_spec`, half deployed or whole, unless `keep` is true.

    Returns `{"destroyed": name}`.
    """

    template_fields = ("cloud_spec", "keep")
    template_ext = ()

    def __init__(self, *, cloud_spec: str, keep: bool | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec
        self.keep = keep

    @tells_why
    def execute(self, context: Context) -> dict[str, str]:  # noqa: ARG002 - Airflow's signature
        """Destroy, and forget the cloud's registration; its results stay."""
        if str(self.keep) == "True":
            raise AirflowSkipException("the cloud is kept")

        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import deployment  # noqa: PLC0415
        from rallycross.cloud import registered  # noqa: PLC0415
        from rallycross.deployment.step import StepEvent  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.yamlfile import source  # noqa: PLC0415

        def tell(event: StepEvent) -> None:
            self.log.info("%s %s %s", event.status, event.title or event.name, event.error)

        text, file = source(self.cloud_spec)
        spec = deployment.load_spec(text, file=file)
        root = str(settings().clouds / spec.name)
        deployment.destroy(spec, deployment.LocalHost(), root=root, tell=tell)
        store().forget_cloud(spec.name)
        registered.forget(settings(), spec.name)
        return {"destroyed": spec.name}
