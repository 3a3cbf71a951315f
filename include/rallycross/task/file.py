"""Reads a task file in Rally's format v2 or v1."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from rallycross.errors import Complaint, InvalidInput
from rallycross.file_kind import kind_of_data, kind_of_text
from rallycross.permissions import OWNER, Permissions
from rallycross.settings import CHECKOUT
from rallycross.task import bounds, file_schemas, workload
from rallycross.task.arguments import arguments
from rallycross.task.flaw import show
from rallycross.task.known import Known
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.task.reading import Reading, mapping, sequence, texts
from rallycross.task.template import is_template, render
from rallycross.task.workload import NamedArguments, WrittenWorkload
from rallycross.yamlfile import Path, parse, unquoted

# A key of format v2, a scenario of format v1, or a template that includes them from another file.
_LIKE_A_TASK = re.compile(
    r"""^[ \t{"'-]*(subtasks|version|[A-Z]\w*\.\w+)(@\w+)?["']?\s*:|\{%-?\s*(include|import|from|extends)\b""",
    re.MULTILINE,
)
V1_TITLE = "Task (adopted from task format v1)"


def load(
    text: str,
    *,
    file: str = "<text>",
    args: Mapping[str, Any] | str | None = None,
    known: Known,
    folder: FilePath | None = None,
    permissions: Permissions = OWNER,
) -> Task:
    """Return the task that a file describes; raise `InvalidInput` with all complaints about it.

    `file` names the file in complaints. Includes and relative paths start at the folder of `file` (relative to the
    checkout), or at `folder` for a text that is not in a file. `args` fill in the template: a mapping, or a text as
    for `--task-args`. `permissions` are those of the user who gave the file.
    """
    with unquoted(text, file, permissions, like=_LIKE_A_TASK, kind="task file"):
        return _load(text, file, args, known, folder or (CHECKOUT / file).parent, permissions)


def _load(  # noqa: PLR0917 - the parameters of `load`
    text: str,
    file: str,
    args: Mapping[str, Any] | str | None,
    known: Known,
    folder: FilePath,
    permissions: Permissions,
) -> Task:
    if not _LIKE_A_TASK.search(text):
        _refuse(file, *kind_of_text(text))
    values = arguments(args) if isinstance(args, str) else dict(args or {})
    rendered = render(text, values, file=file, folder=folder, permissions=permissions)
    # Line numbers are those of the rendered text; the name says so if they may differ from the file's.
    same = not is_template(text) or len(text.rstrip().splitlines()) == len(rendered.rstrip().splitlines())
    shown = file if same else f"{file} (rendered)"
    forbidden: list[Complaint] = []
    data, places = parse(rendered, shown, forbidden)
    if not _LIKE_A_TASK.search(rendered):
        _refuse(file, *kind_of_data(data))
    reading = Reading(shown, places, known)
    reading.complaints += forbidden
    if data is None and rendered.strip(" \n\t-") != "null":
        raise InvalidInput([Complaint(file, 1, 1, "", *_nothing(text))])
    task = replace(_task(reading, data, text, file), permissions=permissions, given=values)
    task = replace(task, warnings=(*(one.complaint for one in known.broken), *reading.warnings))
    # The schema and the name check may report the same complaint.
    if complaints := {*reading.complaints, *_forbidden_hooks(task, filled_in=bool(values))}:
        raise InvalidInput(complaints)
    return task


def _refuse(file: str, kind: str, remedy: str) -> None:
    """Raise `InvalidInput` if the file is known to be of another kind."""
    if kind:
        raise InvalidInput([Complaint(file, 0, 0, "", f"is not a task file, but {kind}", remedy or "name a task file")])


def _nothing(text: str) -> tuple[str, str]:
    """Return what is wrong with a file without content, and a remedy."""
    if not text.strip():
        return "the file is empty", "write a task of Rally's format into it"
    if is_template(text):
        return "the template renders to nothing", "check its conditions and the task arguments"
    return "the file has nothing but comments", "write a task of Rally's format into it"


def _forbidden_hooks(task: Task, *, filled_in: bool) -> Iterator[Complaint]:
    """Yield a complaint about each hook whose commands the task is not permitted to run.

    If a template was filled in, a command that is not literally in the file came from the task arguments.
    """
    permissions = task.permissions
    for one in task.workloads:
        for hook in one.hooks:
            if not permissions.may_command(task.file):
                what = f"the hook {hook.action} runs commands, and this task is not permitted to"
                remedy = "save the task as a file below a folder in RALLYCROSS_FILES of the worker"
                if permissions.commands == "none":
                    remedy = "set RALLYCROSS_COMMANDS of the worker to `files`"
            elif filled_in and permissions.commands != "all" and not _as_written(hook.action_args, task.source):
                what = f"the hook {hook.action} runs a command from the task arguments, which a form may not give"
                remedy = "write the command into the file, or set RALLYCROSS_COMMANDS of the worker to `all`"
            else:
                continue
            file, _, line = one.place.rpartition(":")
            yield Complaint(file, int(line), 0, one.key, what, remedy)


def _as_written(value: Any, source: str) -> bool:
    """Return whether every part of a value is in the text, word for word."""
    return all(re.search(rf"(?<![\w./-]){re.escape(leaf)}(?![\w./-])", source) for leaf in _leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    """Yield all keys and scalar values in a value, as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, bool):
        yield from ()
    else:
        yield str(value)


def _task(reading: Reading, data: Any, source: str, file: str) -> Task:
    if not isinstance(data, dict):
        reading.check((), data, file_schemas.TASK)
        return Task("", ())
    reading.plain((), dict.fromkeys(data))
    if "version" in data or "subtasks" in data:
        return _task_v2(reading, data, source, file)
    data = _runners_of_v2(reading, data)
    reading.check((), data, file_schemas.V1_TASK)
    subtasks = (_subtask_v1(str(name), items) for name, items in data.items())
    return Task(V1_TITLE, _numbered(reading, subtasks), source=source, file=file)


def _task_v2(reading: Reading, data: dict[Any, Any], source: str, file: str) -> Task:
    if str(data.get("version")) == "1":
        reading.complain(("version",), "a file of format v1 has no version", "leave it out, or write format v2")
        return Task("", ())
    reading.check((), data, file_schemas.TASK)
    subtasks = (
        _subtask_v2(reading, ("subtasks", index), item)
        for index, item in enumerate(sequence(data.get("subtasks")))
        if isinstance(item, dict)
    )
    return Task(
        title=str(data.get("title")),
        subtasks=_numbered(reading, subtasks),
        description=str(data.get("description") or ""),
        tags=texts(data.get("tags")),
        source=source,
        file=file,
        timing="rally" if data.get("timing") == "rally" else "intended",
    )


def _numbered(
    reading: Reading, subtasks: Iterator[tuple[dict[str, Any], list[WrittenWorkload]]]
) -> tuple[Subtask, ...]:
    """Return the subtasks; their workloads are numbered across the whole task."""
    found: list[Subtask] = []
    position = 0
    for about, written in subtasks:
        workloads: list[Workload] = []
        for one in written:
            if position == bounds.WORKLOADS:
                what = f"more than {bounds.WORKLOADS} workloads in one task"
                reading.complain(one.scenario.path, what, "split it into several files")
                return tuple(found)
            workloads.append(workload.read(reading, one, position))
            position += 1
        found.append(Subtask(workloads=tuple(workloads), **about))
    return tuple(found)


def _subtask_v2(reading: Reading, path: Path, data: dict[Any, Any]) -> tuple[dict[str, Any], list[WrittenWorkload]]:
    """Return the properties of a simple or complex subtask, and its workloads."""
    data = _runner_of_v1(reading, path, data)
    if "workloads" in data:
        data = data | {
            "workloads": [
                _runner_of_v1(reading, (*path, "workloads", index), item) if isinstance(item, dict) else item
                for index, item in enumerate(sequence(data["workloads"]))
            ]
            if isinstance(data["workloads"], list)
            else data["workloads"]
        }
        reading.check(path, data, file_schemas.COMPLEX_SUBTASK)
        items = [((*path, "workloads", index), item) for index, item in enumerate(sequence(data["workloads"]))]
    else:
        reading.check(path, data, file_schemas.SIMPLE_SUBTASK)
        items = [(path, data)]
    about = {
        "title": str(data.get("title")),
        "description": str(data.get("description", "")),
        "group": str(data.get("group", "")),
        "tags": texts(data.get("tags")),
        "run_in_parallel": data.get("run_in_parallel") is True,
    }
    return about, [written for place, item in items if (written := _written_v2(place, mapping(item)))]


def _runner_of_v1(reading: Reading, path: Path, data: dict[Any, Any]) -> dict[Any, Any]:
    """Return a workload of format v2; complain of a runner in the form of v1, and leave it out."""
    runner = data.get("runner")
    if not isinstance(runner, dict) or not isinstance(kind := runner.get("type"), str):
        return data
    more = {key: value for key, value in runner.items() if key != "type"}
    written = ", ".join(f"{key}: {show(value)}" for key, value in more.items())
    what = "in format v2 a runner's name is its key, not its `type`"
    reading.complain((*path, "runner"), what, f"write `runner: {{{kind}: {{{written}}}}}`")
    return {key: value for key, value in data.items() if key != "runner"}


def _written_v2(path: Path, data: Mapping[str, Any]) -> WrittenWorkload | None:
    """Return a workload of format v2, or None if it has no valid scenario."""
    scenario = _only(data, "scenario", path)
    return scenario and WrittenWorkload(
        scenario=scenario,
        runner=_only(data, "runner", path),
        contexts=(data["contexts"], (*path, "contexts")) if "contexts" in data else None,
        sla=(data["sla"], (*path, "sla")) if "sla" in data else None,
        hooks=tuple(
            (action, trigger, str(hook.get("description", "")))
            for index, item in enumerate(sequence(data.get("hooks")))
            if (hook := mapping(item))
            and (action := _only(hook, "action", (*path, "hooks", index)))
            and (trigger := _only(hook, "trigger", (*path, "hooks", index)))
        ),
        description=str(data.get("description") or ""),
    )


def _only(data: Mapping[str, Any], key: str, path: Path) -> NamedArguments | None:
    """Return the only entry of a section, or None if the section does not have exactly one."""
    section = mapping(data.get(key))
    if len(section) != 1:
        return None
    [(name, args)] = section.items()
    return NamedArguments(str(name), args, (*path, key, str(name)))


def _subtask_v1(name: str, items: Any) -> tuple[dict[str, Any], list[WrittenWorkload]]:
    """Return a scenario of format v1 as a subtask: each item in its list is a workload."""
    written = [_written_v1(name, (name, index), mapping(item)) for index, item in enumerate(sequence(items))]
    return {"title": name}, written


def _runners_of_v2(reading: Reading, data: dict[Any, Any]) -> dict[Any, Any]:
    """Return a task of format v1; complain of runners in the form of v2, and leave them out."""
    return {
        name: [_runner_of_v2(reading, (str(name), index), item) for index, item in enumerate(items)]
        if isinstance(items, list)
        else items
        for name, items in data.items()
    }


def _runner_of_v2(reading: Reading, path: Path, item: Any) -> Any:
    runner = mapping(item).get("runner")
    if not isinstance(runner, dict) or "type" in runner or len(runner) != 1:
        return item
    [(kind, more)] = runner.items()
    if kind not in reading.known.runners or not isinstance(more, dict):
        return item
    written = "".join(f", {key}: {show(value)}" for key, value in more.items())
    what = "in format v1 a runner's name is its `type`"
    reading.complain((*path, "runner"), what, f"write `runner: {{type: {kind}{written}}}`")
    return {key: value for key, value in item.items() if key != "runner"}


def _written_v1(name: str, path: Path, data: Mapping[str, Any]) -> WrittenWorkload:
    """Return a workload of format v1."""
    runner = dict(mapping(data.get("runner")))
    kind = runner.pop("type", None)
    return WrittenWorkload(
        scenario=NamedArguments(name, data.get("args", {}), (*path, "args") if "args" in data else path),
        runner=NamedArguments(str(kind), runner, (*path, "runner")) if kind is not None else None,
        contexts=(data["context"], (*path, "context")) if "context" in data else None,
        sla=(data["sla"], (*path, "sla")) if "sla" in data else None,
        hooks=tuple(
            (
                NamedArguments(str(hook["name"]), hook["args"], (*path, "hooks", index, "args")),
                NamedArguments(str(trigger["name"]), trigger["args"], (*path, "hooks", index, "trigger", "args")),
                str(hook.get("description", "")),
            )
            for index, item in enumerate(sequence(data.get("hooks")))
            if {"name", "args"} <= (hook := mapping(item)).keys()
            and {"name", "args"} <= (trigger := mapping(hook.get("trigger"))).keys()
        ),
        description=str(data.get("description") or ""),
    )
