"""A context that does nothing, or fails on request, to test what happens to a workload then."""

from typing import Any

from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.errors import RallycrossError
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_FLAG: Schema = {"type": "boolean"}
_SCHEMA: Schema = {
    "type": "object",
    "properties": {"fail_setup": _FLAG, "fail_cleanup": _FLAG},
    "additionalProperties": False,
}


@context("dummy_context", order=750, schema=_SCHEMA, needs=Needs(cloud=False))
class DummyContext:
    """Does nothing, or fails on request."""

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        self._fail_setup: bool = config.get("fail_setup", False)
        self._fail_cleanup: bool = config.get("fail_cleanup", False)

    def set_up(self) -> None:
        """Do nothing, or fail."""
        if self._fail_setup:
            raise SetUpFailed("dummy_context: its set-up fails, as `fail_setup` asks")

    def clean_up(self) -> None:
        """Do nothing, or fail."""
        if self._fail_cleanup:
            raise RallycrossError("dummy_context: its clean-up fails, as `fail_cleanup` asks")
