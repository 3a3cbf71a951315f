"""Checks the inputs of a whole run, a cloud spec and a task file, before anything is done."""

from collections.abc import Callable
from typing import Any

from rallycross import catalogue, deployment, task
from rallycross.deployment import CloudSpec
from rallycross.errors import Complaint, InvalidInput
from rallycross.permissions import OWNER, Permissions
from rallycross.task.checks import out_of_reach
from rallycross.yamlfile import source


def _anything(_: str) -> Permissions:
    return OWNER


def check(
    cloud_spec: str, task_file: str, args: dict[str, Any] | str, *, permitted: Callable[[str], Permissions] = _anything
) -> CloudSpec:
    """Return the spec; raise `InvalidInput` with all complaints about both inputs.

    Each input is a path or the text itself. `args` are the values for the task file's template. `permitted` returns the
    permissions of an input.
    """
    complaints: list[Complaint] = []
    spec = None
    try:
        text, file = source(cloud_spec, permitted(cloud_spec))
        spec = deployment.load_spec(text, file=file, permissions=permitted(cloud_spec))
    except InvalidInput as error:
        complaints += error.complaints
    try:
        text, file = source(task_file, permitted(task_file))
        known = catalogue.known()
        planned = task.load(text, file=file, args=args, known=known, permissions=permitted(task_file))
        complaints += out_of_reach(planned, known)
    except InvalidInput as error:
        complaints += error.complaints
    if complaints or spec is None:
        raise InvalidInput(complaints)
    return spec
