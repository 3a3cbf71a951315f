"""Reads one workload of a task file, in either of Rally's formats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from rallycross.errors import did_you_mean
from rallycross.task.known import Parameter, Signature
from rallycross.task.plan import Hook, Workload
from rallycross.task.reading import Reading, bare, mapping
from rallycross.yamlfile import Path, dotted

DEFAULT_SLA: dict[str, Any] = {"failure_rate": {"max": 0}}
_ARGUMENT = "args."  # marks an argument among the contexts in `Signature.requires`


class NamedArguments(NamedTuple):
    """A name with its arguments, as in the file."""

    name: str
    args: Any
    path: Path  # of the arguments


@dataclass(frozen=True)
class WrittenWorkload:
    """A workload as in the file, checked by the schema; what the file leaves out is None."""

    scenario: NamedArguments
    runner: NamedArguments | None = None
    contexts: tuple[Any, Path] | None = None
    sla: tuple[Any, Path] | None = None
    hooks: tuple[tuple[NamedArguments, NamedArguments, str], ...] = field(default=())  # action, trigger, description
    description: str = ""


def read(reading: Reading, written: WrittenWorkload, position: int) -> Workload:
    """Return the workload, with Rally's defaults for what the file leaves out; complain of what is wrong in it."""
    known = reading.known
    name, args, path = written.scenario
    signature = known.scenarios.get(reading.name("scenario", name, known.scenarios, path))
    runner, runner_args, runner_path = written.runner or NamedArguments("serial", {}, path)
    runner = reading.name("runner", runner, known.runners, runner_path)
    reading.validate(runner_path, runner_args, known.runners.get(runner))
    of_contexts = {name: context.validate for name, context in known.contexts.items()}
    contexts = _section(reading, "context", written.contexts, of_contexts, {})
    sla = _section(reading, "SLA criterion", written.sla, known.sla, DEFAULT_SLA)
    if signature:
        contexts = {**signature.contexts, **contexts}
        _arguments(reading, path, args, signature)
        _requirements(reading, path, mapping(args), contexts, signature)
    return Workload(
        position=position,
        scenario=bare(name),
        args=_with_effect(mapping(args), signature),
        runner=runner,
        runner_args=mapping(runner_args),
        contexts=contexts,
        sla=sla,
        description=written.description or (signature.title if signature else ""),
        hooks=tuple(_hook(reading, *hook) for hook in written.hooks),
        place=f"{reading.file}:{reading.place(path)[0]}",
        key=dotted(path),
        argument_places={str(one): reading.place((*path, str(one))) for one in mapping(args)},
        context_places={name: reading.place(here) for name, here in _context_paths(written)},
    )


def _section(
    reading: Reading, kind: str, written: tuple[Any, Path] | None, known: Mapping[str, Any], default: dict[str, Any]
) -> dict[str, Any]:
    """Return a section (contexts or SLA) by names without platform; complain of what is wrong in it."""
    if written is None:
        return dict(default)
    section, path = written
    found: dict[str, Any] = {}
    for key, value in mapping(section).items():
        here = (*path, str(key))
        name = reading.name(kind, str(key), known, here)
        if name in found:
            reading.complain(here, f"{name} is given twice", "remove one of the two")
        found[name] = value
        reading.validate(here, value, known.get(name))
    return found


def _arguments(reading: Reading, path: Path, args: Any, signature: Signature) -> None:
    """Check a scenario's arguments against its signature."""
    before = len(reading.complaints)
    parameters = signature.parameters
    for name, value in mapping(args).items():
        here = (*path, str(name))
        if name in parameters:
            if not reading.plain(here, value):
                reading.check(here, value, parameters[name].schema)
        elif signature.more:
            reading.plain(here, value)
        elif signature.passes_on and not _is_typing_error(str(name), args, parameters):
            reading.plain(here, value)
            reading.warn(here, "has no effect: the scenario has no such argument", did_you_mean(str(name), parameters))
        else:
            reading.complain(here, "unknown argument", did_you_mean(str(name), parameters))
    for name, parameter in parameters.items():
        if parameter.required and name not in mapping(args):
            reading.complain(path, f"lacks the argument '{name}'", f"add `{name}:`")
    if len(reading.complaints) == before:
        reading.validate(path, mapping(args), signature.contradictions)


def _is_typing_error(name: str, args: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> bool:
    """Return whether a name looks like a typing error for a required argument that is missing."""
    missing = [one for one, parameter in parameters.items() if parameter.required and one not in args]
    return bool(get_close_matches(name[:100], missing, n=1))


def _with_effect(args: dict[Any, Any], signature: Signature | None) -> dict[Any, Any]:
    """Return the arguments without those that have no effect."""
    if not signature or signature.more or not signature.passes_on:
        return args
    return {name: value for name, value in args.items() if name in signature.parameters}


def _requirements(
    reading: Reading, path: Path, args: Mapping[str, Any], contexts: Mapping[str, Any], signature: Signature
) -> None:
    """Complain of missing contexts, or arguments in their place, that the scenario requires."""
    for wanted in signature.requires:
        choice = (wanted,) if isinstance(wanted, str) else wanted
        if not any(_given(one, args, contexts) for one in choice):
            names = " or ".join(_described(one) for one in choice)
            reading.complain(path, f"needs {names}", f"add one under `contexts`, such as `{choice[-1]}:`")
    for context, wants in signature.context_config.items():
        for key, value in wants.items():
            if context in contexts and mapping(contexts[context]).get(key) != value:
                reading.complain(path, f"needs the context {context} with {key}: {value}", f"set `{key}` in it")


def _given(one: str, args: Mapping[str, Any], contexts: Mapping[str, Any]) -> bool:
    if one.startswith(_ARGUMENT):
        return args.get(one.removeprefix(_ARGUMENT)) is not None
    return one in contexts


def _described(one: str) -> str:
    return f"the argument {one.removeprefix(_ARGUMENT)}" if one.startswith(_ARGUMENT) else f"the context {one}"


def _hook(reading: Reading, action: NamedArguments, trigger: NamedArguments, description: str) -> Hook:
    """Return a hook; complain of what is wrong in it."""
    known = reading.known
    action_name = reading.name("hook action", action.name, known.actions, action.path)
    trigger_name = reading.name("hook trigger", trigger.name, known.triggers, trigger.path)
    reading.validate(action.path, action.args, known.actions.get(action_name))
    reading.validate(trigger.path, trigger.args, known.triggers.get(trigger_name))
    return Hook(action_name, action.args, trigger_name, mapping(trigger.args), description)


def _context_paths(written: WrittenWorkload) -> Iterator[tuple[str, Path]]:
    section, path = written.contexts or ({}, ())
    for name in mapping(section):
        yield bare(str(name)), (*path, str(name))
