"""Checks the files of a run before a cloud is deployed for them."""

from functools import partial
from typing import Any

from airflow.sdk.definitions.context import Context

from operators.stage import StageOperator, permitted, reports_failure


class CheckOperator(StageOperator):
    """Fails with all errors in a cloud spec and a task file; does nothing else.

    `cloud_spec`, `task_file`: paths (relative to the checkout), or texts; `task_args`: values for the template of the
    task file.
    """

    template_fields = ("cloud_spec", "task_file", "task_args")
    template_ext = ()

    def __init__(
        self, *, cloud_spec: str, task_file: str, task_args: dict[str, Any] | str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec
        self.task_file = task_file
        self.task_args = task_args

    @reports_failure
    def execute(self, context: Context) -> None:
        """Check the files; raise `InvalidInput` with file, line and remedy of each complaint."""
        from rallycross.inputs import check  # noqa: PLC0415 - parsing a DAG stays cheap

        check(self.cloud_spec, self.task_file, self.task_args or {}, permitted=partial(permitted, context))
