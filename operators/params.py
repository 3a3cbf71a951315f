"""Params that several DAGs ask for: a field of the trigger form is the same wherever it stands.

To the form a field is required unless null is among its types, and what is emptied becomes null.
"""

from typing import Any

from airflow.sdk import Param

from rallycross.settings import CHECKOUT

_LINES = "multiline"  # Airflow's name for a field of many lines: in one of one line, what is pasted loses its newlines


def cloud_spec(description: str = "The cloud to deploy, as YAML, or the file that has it") -> Param:
    """Ask for the spec of a cloud."""
    return Param(
        "include/clouds/embedded.yaml",
        type="string",
        format=_LINES,
        minLength=1,
        examples=_shipped("include/clouds"),
        title="Cloud spec",
        description=f"{description}: {_where('include/clouds')}. Of YAML, only clouds that stand already are taken,"
        " unless the workers' settings allow more.",
    )


def task_file() -> Param:
    """Ask for the load."""
    return Param(
        "include/recipes/quickstart.yaml",
        type="string",
        format=_LINES,
        minLength=1,
        examples=_shipped("include/recipes"),
        title="Task file",
        description=f"The load, in Rally's task format, or the file that has it: {_where('include/recipes')}."
        " Hooks of a task that is typed in are not run, unless the workers' settings allow them.",
    )


def task_args(section: str | None = None) -> Param:
    """Ask for the values of the task file's template; a field with a section is folded."""
    return Param(
        {},
        type=["null", "object"],
        title="Task arguments",
        description="Values for the task file's template, as a JSON object. The quickstart has image and flavor; where"
        " the cloud lacks what it names, the refusal gives the object to paste here.",
        **({"section": section} if section else {}),
    )


def optional_text(**about: Any) -> Param:
    """Ask for a text that may be left empty."""
    return Param(None, type=["null", "string"], **about)


def optional_lines(**about: Any) -> Param:
    """Ask for texts, one a line, that may be left empty."""
    return Param([], type=["null", "array"], items={"type": "string"}, **about)


def _where(folder: str) -> str:
    return f"{', '.join(_shipped(folder))}, or one below a folder that RALLYCROSS_FILES of the workers names"


def _shipped(folder: str) -> list[str]:
    return sorted(str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / folder).glob("*.yaml"))
