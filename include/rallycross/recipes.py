"""The shipped task files: the examples of how each scenario is used."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from rallycross import task
from rallycross.catalogue import known
from rallycross.errors import RallycrossError
from rallycross.scheduled_recipes import SUFFIX
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Task, Workload

FOLDER = CHECKOUT / "include/recipes"

_SET = re.compile(r"^\{%-? *set +(\w+).*%\}$", re.MULTILINE)
_PATH = re.compile(r"(?<![\w./-])\.{0,2}/?[\w-][\w./-]*\.\w+")  # that may be of a file


def of_services() -> list[Path]:
    """Return the files in the services' folders: one for each family of scenarios."""
    return _task_files("*/*.yaml")


def general() -> list[Path]:
    """Return the other files, which have scenarios of several services."""
    return _task_files("*.yaml")


def _task_files(pattern: str) -> list[Path]:
    return sorted(path for path in FOLDER.glob(pattern) if not path.name.endswith(SUFFIX))


def recipe(scenario: str) -> tuple[Task, Workload] | None:
    """Return the first task file that has a scenario, and the scenario's workload in it."""
    for file in (*of_services(), *general()):
        if f"{scenario}:" in _text(file):
            plan = plan_of(file)
            for workload in plan.workloads:
                if workload.scenario == scenario:
                    return plan, workload
    return None


@cache
def plan_of(file: Path) -> Task:
    """Return the task of a file."""
    return task.load(_text(file), file=str(file.relative_to(CHECKOUT)), known=known())


def task_file(scenario: str, title: str) -> str:
    """Return a task file that runs one scenario: its part of the recipe, as it is written there.

    Files that it names relative to the recipe are named by their absolute paths.
    """
    found = recipe(scenario)
    if found is None:
        raise RallycrossError(f"{scenario}: no file in {FOLDER} has it - see docs/task-files.md")
    file = CHECKOUT / found[0].file
    head, part = _text(file).partition("\nsubtasks:")[0], _part(file, scenario)
    about = f"title: {scenario}\ndescription: {json.dumps(title, ensure_ascii=False)}"
    whole = f"---\nversion: 2\n{about}\n\nsubtasks:\n{part}"
    return _with_whole_paths("".join([*_variables(head, part), whole]), file.parent)


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _part(file: Path, scenario: str) -> str:
    """Return the item of `subtasks` that has the scenario."""
    items = re.split(r"^(?=  - )", _text(file).partition("\nsubtasks:\n")[2], flags=re.MULTILINE)
    has = re.compile(rf"^ +{re.escape(scenario)}:", re.MULTILINE)
    return f"{next(item for item in items if has.search(item)).rstrip()}\n"


def _variables(head: str, part: str) -> Iterator[str]:
    """Yield the lines of the head that set what a part uses."""
    for line in _SET.finditer(head):
        if re.search(rf"\b{line[1]}\b", part):
            yield f"{line[0]}\n"


def _with_whole_paths(text: str, folder: Path) -> str:
    def whole(found: re.Match[str]) -> str:
        path = folder / found[0]
        return str(path.resolve()) if path.is_file() else found[0]

    return _PATH.sub(whole, text)
