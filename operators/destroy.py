"""Destroys the cloud of a cloud spec."""

from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import StageOperator, cloud_spec_of, is_true, log_step, reports_failure


class DestroyOperator(StageOperator):
    """Destroys the cloud of `cloud_spec`, completely deployed or not, unless `keep` is true.

    Returns `{"destroyed": name}`.
    """

    template_fields = ("cloud_spec", "keep")
    template_ext = ()

    def __init__(self, *, cloud_spec: str, keep: bool | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec
        self.keep = keep

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:
        """Destroy the cloud and delete its registration; its results stay."""
        if is_true("keep", self.keep):
            raise AirflowSkipException("the cloud is kept")

        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec = cloud_spec_of(context, self.cloud_spec)
        lifecycle.destroy(spec, store(), settings(), tell=log_step(self.log))
        return {"destroyed": spec.name}
