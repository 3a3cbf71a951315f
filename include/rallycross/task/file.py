"""Reads a task file of format v2."""

import math
from collections.abc import Mapping
from typing import Any

from rallycross.errors import Complaint, InvalidInput, did_you_mean
from rallycross.settings import CHECKOUT
from rallycross.task import frame
from rallycross.task.arguments import arguments
from rallycross.task.flaw import Schema, Validate, flaws, show
from rallycross.task.known import Known, Signature
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.task.template import render
from rallycross.yamlfile import Path, Places, dotted, parse, place

DEFAULT_RUNNER: dict[str, Any] = {"serial": {}}
DEFAULT_SLA: dict[str, Any] = {"failure_rate": {"max": 0}}
PLATFORMS = frozenset({"openstack", "default"})  # what may stand behind the `@` of a name


def load(text: str, *, file: str = "<text>", args: Mapping[str, Any] | str | None = None, known: Known) -> Task:
    """Return the task that a file asks for; raise `InvalidInput` with all complaints about it.

    `file` names the file in complaints; what the template includes, and where the task's own paths start, is the
    folder of `file` (relative to the checkout). `args` fill in the template: a mapping, or a text as people write it.
    """
    values = arguments(args) if isinstance(args, str) else dict(args or {})
    rendered = render(text, values, file=file, folder=(CHECKOUT / file).parent)
    # Lines are those of the rendered text; say so where they may not be the file's.
    shown = file if len(text.splitlines()) == len(rendered.splitlines()) else f"{file} (rendered)"
    data, places = parse(rendered, shown)
    reading = _Reading(shown, places, known)
    task = reading.task(data, text, file)
    if reading.complaints:
        raise InvalidInput(reading.complaints)
    return task


class _Reading:
    """One file being read: complaints are gathered, and what they leave unclear gets a harmless value."""

    def __init__(self, file: str, places: Places, known: Known) -> None:
        self.file = file
        self.places = places
        self.known = known
        self.complaints: list[Complaint] = []
        self.position = 0

    def task(self, data: Any, source: str, file: str) -> Task:
        if isinstance(data, dict) and "version" not in data:
            remedy = "begin with `version: 2`, `title:` and `subtasks:`"
            self.complain((), "lacks `version`, so it is of Rally's format v1, which is not supported", remedy)
            return Task("", ())
        self.check((), data, frame.TASK)
        if not isinstance(data, dict):
            return Task("", ())
        subtasks = data.get("subtasks")
        return Task(
            title=str(data.get("title")),
            subtasks=tuple(
                self.subtask(("subtasks", index), item)
                for index, item in enumerate(subtasks if isinstance(subtasks, list) else [])
                if isinstance(item, dict)
            ),
            description=str(data.get("description", "")),
            tags=_texts(data.get("tags")),
            source=source,
            file=file,
        )

    def subtask(self, path: Path, data: dict[str, Any]) -> Subtask:
        if "workloads" in data:
            self.check(path, data, frame.COMPLEX_SUBTASK)
            items = data["workloads"] if isinstance(data["workloads"], list) else []
            workloads = [self.workload((*path, "workloads", index), item) for index, item in enumerate(items)]
        else:
            self.check(path, data, frame.SIMPLE_SUBTASK)
            workloads = [self.workload(path, data)]
        return Subtask(
            title=str(data.get("title")),
            workloads=tuple(workload for workload in workloads if workload),
            description=str(data.get("description", "")),
            group=str(data.get("group", "")),
            tags=_texts(data.get("tags")),
        )

    def workload(self, path: Path, data: Any) -> Workload | None:
        """Read what the frame has already been checked of; `None` where there is nothing to read."""
        if not isinstance(data, dict) or not (scenario := self.one(path, data, "scenario")):
            return None
        name, args, scenario_path = scenario
        written_runner = self.one(path, data, "runner") if "runner" in data else ("serial", {}, path)
        runner, runner_args, runner_path = written_runner or ("serial", {}, path)
        if data.get("hooks"):
            self.complain((*path, "hooks"), "hooks are not supported", "remove them")
        signature = self.known.scenarios.get(self.name("scenario", name, self.known.scenarios, scenario_path))
        if signature:
            self.arguments(scenario_path, args, signature)
        runner = self.name("runner", runner, self.known.runners, runner_path)
        self.validate(runner_path, runner_args, self.known.runners.get(runner))
        contexts = self.section(path, data, "contexts", self.known.contexts, default={})
        sla = self.section(path, data, "sla", self.known.sla, default=DEFAULT_SLA)
        line, _ = place(self.places, scenario_path)
        self.position += 1
        return Workload(
            position=self.position - 1,
            scenario=_bare(name),
            args=args if isinstance(args, dict) else {},
            runner=runner,
            runner_args=runner_args if isinstance(runner_args, dict) else {},
            contexts={**(signature.contexts if signature else {}), **contexts},
            sla=sla,
            description=str(data.get("description") or (signature.title if signature else "")),
            place=f"{self.file}:{line}",
            key=dotted(scenario_path),
            argument_places={str(key): place(self.places, (*scenario_path, str(key))) for key in _mapping(args)},
        )

    def one(self, path: Path, data: dict[str, Any], key: str) -> tuple[str, Any, Path] | None:
        """Return name, arguments and path of a section that has exactly one name as its key."""
        section = data.get(key)
        if not isinstance(section, dict) or len(section) != 1:
            return None
        [(name, args)] = section.items()
        return str(name), args, (*path, key, str(name))

    def section(
        self, path: Path, data: dict[str, Any], key: str, known: Mapping[str, Validate], default: dict[str, Any]
    ) -> dict[str, Any]:
        """Return a section of named things with their arguments, under their names without platform."""
        if key not in data:
            return dict(default)
        found: dict[str, Any] = {}
        for written, value in _mapping(data[key]).items():
            here = (*path, key, str(written))
            name = self.name("context" if key == "contexts" else "SLA criterion", str(written), known, here)
            if name in found:
                self.complain(here, f"{name} is given twice", "remove one of the two")
            found[name] = value
            self.validate(here, value, known.get(name))
        return found

    def name(self, kind: str, written: str, known: Mapping[str, Any], path: Path) -> str:
        """Return the name without its platform; complain when there is nothing of this name."""
        name = _bare(written)
        if name not in known:
            self.complain(path, f"unknown {kind} '{written}'", did_you_mean(name, known))
        return name

    def arguments(self, path: Path, args: Any, signature: Signature) -> None:
        """Hold a scenario's arguments against its signature."""
        parameters = signature.parameters
        for name, value in _mapping(args).items():
            here = (*path, str(name))
            if name not in parameters and not signature.more:
                self.complain(here, "unknown argument", did_you_mean(str(name), parameters))
            elif not self.plain(here, value) and name in parameters:
                self.check(here, value, parameters[name].schema)
        for name, parameter in parameters.items():
            if parameter.required and name not in _mapping(args):
                self.complain(path, f"lacks the argument '{name}'", f"add `{name}:`")

    def validate(self, path: Path, value: Any, check: Validate | None) -> None:
        if check is None or self.plain(path, value):
            return
        for flaw in check(value):
            self.complain((*path, *flaw.path), flaw.what, flaw.remedy)

    def check(self, path: Path, value: Any, schema: Schema) -> None:
        for flaw in flaws(value, schema):
            self.complain((*path, *flaw.path), flaw.what, flaw.remedy)

    def plain(self, path: Path, value: Any) -> bool:
        """Complain of what YAML can say and JSON cannot; return whether there was such a thing."""
        if isinstance(value, dict):
            bad = [self.plain((*path, str(key)), item) for key, item in value.items()]
            for key in value:
                if not isinstance(key, str):
                    self.complain((*path, str(key)), f"the key {show(key)} is not a text", "quote it")
                    bad.append(True)
            return any(bad)
        if isinstance(value, list):
            bad = [self.plain((*path, index), item) for index, item in enumerate(value)]
            return any(bad)
        if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return False
        self.complain(path, f"a value of type {type(value).__name__}", "quote it, if a text is meant")
        return True

    def complain(self, path: Path, what: str, remedy: str = "") -> None:
        line, column = place(self.places, path)
        self.complaints.append(Complaint(self.file, line, column, dotted(path), what, remedy))


def _bare(name: str) -> str:
    """Return a name without a platform that there is: `users@openstack` is `users`."""
    bare, _, platform = name.partition("@")
    return bare if platform in PLATFORMS else name


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
