"""Params that several DAGs share, so that a field is the same in every trigger form.

The form requires a field unless null is among its types; an emptied field becomes null.
"""

from typing import Any

from airflow.sdk import Param

from rallycross.scheduled_recipes import SUFFIX
from rallycross.settings import CHECKOUT

_LINES = "multiline"  # Airflow's field with several lines: a pasted text keeps its newlines


def cloud_spec(description: str = "The cloud to deploy, as YAML or as a file") -> Param:
    """Return the param for a cloud spec."""
    return Param(
        "include/clouds/embedded.yaml",
        type="string",
        format=_LINES,
        minLength=1,
        examples=_shipped("include/clouds"),
        title="Cloud spec",
        description=f"{description}: {_where('include/clouds')}. As YAML, only existing clouds are accepted,"
        " unless the workers' settings allow more.",
    )


def task_file() -> Param:
    """Return the param for a task file."""
    return Param(
        "include/recipes/quickstart.yaml",
        type="string",
        format=_LINES,
        minLength=1,
        examples=_shipped("include/recipes"),
        title="Task file",
        description=f"The load, in Rally's task format, as YAML or as a file: {_where('include/recipes')}."
        " Hooks of a task that is typed in do not run, unless the workers' settings allow them.",
    )


def task_args(section: str | None = None) -> Param:
    """Return the param for the values of the task file's template; the form folds a section."""
    return Param(
        {},
        type=["null", "object"],
        title="Task arguments",
        description="Values for the task file's template, as a JSON object. The quickstart takes image and flavor; if"
        " the cloud does not have its defaults, the error message has the object to paste here.",
        **({"section": section} if section else {}),
    )


def optional_text(**about: Any) -> Param:
    """Return a param for a text that may be empty."""
    return Param(None, type=["null", "string"], **about)


def optional_lines(**about: Any) -> Param:
    """Return a param for a list of texts, one per line, that may be empty."""
    return Param([], type=["null", "array"], items={"type": "string"}, **about)


def _where(folder: str) -> str:
    return f"{', '.join(_shipped(folder))}, or a file below a folder that the workers' RALLYCROSS_FILES names"


def _shipped(folder: str) -> list[str]:
    files = (file for file in (CHECKOUT / folder).glob("*.yaml") if not file.name.endswith(SUFFIX))
    return sorted(str(file.relative_to(CHECKOUT)) for file in files)
