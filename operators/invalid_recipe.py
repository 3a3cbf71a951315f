"""The only task of a DAG that shows why a recipe cannot be scheduled."""

from typing import Any

from airflow.sdk.definitions.context import Context

from operators.retries import NotRetryable
from operators.stage import StageOperator, reports_failure


class InvalidRecipeOperator(StageOperator):
    """Fails with the `error`."""

    def __init__(self, *, error: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error

    @reports_failure
    def execute(self, context: Context) -> None:
        """Raise the error."""
        del context
        raise NotRetryable(self.error)
