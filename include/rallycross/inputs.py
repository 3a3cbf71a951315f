"""What a user gives for a whole run, checked before anything is done: a cloud spec and a task file."""

from typing import Any

from rallycross import catalogue, deployment, task
from rallycross.deployment import CloudSpec
from rallycross.errors import Complaint, InvalidInput
from rallycross.yamlfile import source


def check(cloud_spec: str, task_file: str, args: dict[str, Any] | str) -> CloudSpec:
    """Return the spec; raise `InvalidInput` with all complaints about both, each a path or the text itself.

    `args` are the values of the task file's template.
    """
    complaints: list[Complaint] = []
    spec = None
    try:
        text, file = source(cloud_spec)
        spec = deployment.load_spec(text, file=file)
    except InvalidInput as error:
        complaints += error.complaints
    try:
        text, file = source(task_file)
        task.load(text, file=file, args=args, known=catalogue.known())
    except InvalidInput as error:
        complaints += error.complaints
    if complaints or spec is None:
        raise InvalidInput(complaints)
    return spec
