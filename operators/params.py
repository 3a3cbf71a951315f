"""Params that several DAGs ask for: a field of the trigger form is the same wherever it stands."""

from airflow.sdk import Param

from rallycross.settings import CHECKOUT


def cloud_spec(
    description: str = "The cloud to deploy: a file of the checkout, any other path, or the YAML itself.",
) -> Param:
    """Ask for the spec of a cloud."""
    return Param(
        "include/clouds/embedded.yaml",
        type="string",
        minLength=1,
        examples=_shipped("include/clouds"),
        title="Cloud spec",
        description=description,
    )


def task_file() -> Param:
    """Ask for the load."""
    return Param(
        "include/recipes/quickstart.yaml",
        type="string",
        minLength=1,
        examples=_shipped("include/recipes"),
        title="Task file",
        description="The load, in Rally's task format: a recipe of the checkout, any other path, or the text itself.",
    )


def task_args(section: str | None = None) -> Param:
    """Ask for the values of the task file's template; a field with a section is folded."""
    return Param(
        {},
        type="object",
        title="Task arguments",
        description="Values for the task file's template, as a JSON object.",
        **({"section": section} if section else {}),
    )


def _shipped(folder: str) -> list[str]:
    return sorted(str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / folder).rglob("*.yaml"))
