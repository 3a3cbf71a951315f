"""Turns a cloud spec, a user's YAML, into a `CloudSpec`, or into a complaint about each mistake in it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rallycross.deployment import rally_specs
from rallycross.deployment.engine import ENGINES, BringsServers, CloudSpec, Engine, Option, RunsNoCommands
from rallycross.deployment.provider import PROVIDERS, ProviderSpec
from rallycross.errors import Complaint, InvalidInput, brief, did_you_mean
from rallycross.permissions import OWNER, NotAllowed, Permissions
from rallycross.secret import is_secret_name, secrets_in
from rallycross.yamlfile import Path as Keys
from rallycross.yamlfile import dotted, parse, place, unquoted

# The name is also that of the cloud's folder, and of its entry in a clouds.yaml.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_KINDS = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a string",
}
_NAME_RULE = "must be at most 41 lower-case letters, digits and dashes, beginning with a letter or digit"
_LIKE_A_SPEC = re.compile(r"""^[ \t{"']*(engine|type|existing(@openstack)?)["']?\s*:""", re.MULTILINE)
_COMMON = ("name", "engine", "provider")
_LARGEST = 2**63 - 1  # the largest number, and the smallest with a minus
_Flaw = tuple[Keys, str, str]  # where, what is wrong, remedy


def load_spec(text: str, *, file: str, permissions: Permissions = OWNER) -> CloudSpec:
    """Return the cloud that a spec describes, with defaults; raise `InvalidInput` with all complaints.

    Rally's deployments and environments are accepted, too: see `rally_specs`. `permissions` are those of the author.
    """
    with unquoted(text, file, permissions, like=_LIKE_A_SPEC, kind="cloud spec"):
        return _load(text, file, permissions)


def _load(text: str, file: str, permissions: Permissions) -> CloudSpec:
    given, places = parse(text, file)
    data, moved = rally_specs.translated(given)
    engines = ENGINES.all

    def complaint(path: Keys, what: str, remedy: str) -> Complaint:
        there = rally_specs.original(path, moved)
        return Complaint(file, *place(places, there), dotted(there), what, remedy)

    complaints = [complaint(*flaw) for flaw in _flaws(data, engines)]
    if complaints:
        raise InvalidInput(complaints)
    section = data.get("provider")
    provider = ProviderSpec(section["type"], filled(section, PROVIDERS[section["type"]].options)) if section else None
    engine = engines[data["engine"]]
    options = filled(data, engine.options)
    if isinstance(engine, BringsServers):
        provider = engine.provider(options)
    if forbidden := [complaint(*flaw) for flaw in _forbidden(data, engine, options, file, permissions)]:
        raise InvalidInput(forbidden)
    marked = _marked(data, {**engine.options, "provider": Option(dict, None, "", keys=provider_options)})
    secrets = tuple(sorted({*secrets_in(data), *marked}))
    return CloudSpec(data["name"], data["engine"], options, text, file, provider, secrets)


def _forbidden(
    data: Mapping[str, Any], engine: Engine, options: Mapping[str, Any], file: str, permissions: Permissions
) -> Iterator[_Flaw]:
    """Yield what a spec asks for that its author is not permitted."""
    if permissions.may_command(file):
        return  # who may run commands may do everything
    remedy = "put the spec into a file of a folder that RALLYCROSS_FILES of the worker names"
    if permissions.commands == "none":
        remedy = "RALLYCROSS_COMMANDS of the worker must be `files`"
    if not isinstance(engine, RunsNoCommands):
        yield ("engine",), f"{data['engine']} runs commands, which this spec may not do", remedy
        return
    for key in engine.commanding:
        if data.get(key):
            yield (key,), "lets hooks run commands, which this spec may not do", remedy
    for key in data:
        if str(key).endswith("_endpoint_override") and not data.get("auth"):
            yield (key,), "sends a token of the worker's cloud elsewhere, which this spec may not do", remedy
    for key, path in engine.reads(options).items():
        try:
            permissions.file(Path(path))
        except NotAllowed as error:
            yield ((key,) if key in data else ()), f"{key}: {path} {error.what}", error.remedy


def filled(data: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """Return the value of each known option, with defaults, in nested mappings too."""
    found = {}
    for key, option in known.items():
        value = data.get(key, option.default)
        if option.keys and isinstance(value, dict):
            value = {**{name: value[name] for name in ("type",) if name in value}, **filled(value, option.keys(value))}
        elif option.keys and isinstance(value, list):
            value = [filled(one, option.keys(one)) for one in value]
        found[key] = value
    return found


def _marked(data: Mapping[str, Any], known: Mapping[str, Option]) -> Iterator[str]:
    """Yield the texts of options declared as secret."""
    for key, option in known.items():
        value = data.get(key)
        if option.secret:
            yield from secrets_in({"secret": value})
        elif option.keys:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    yield from _marked(one, option.keys(one))


def provider_options(section: Mapping[str, Any]) -> Mapping[str, Option]:
    """Return the options of a `provider` section, for an option whose value is such a section."""
    name = section.get("type")
    return PROVIDERS[name].options if isinstance(name, str) and name in PROVIDERS else {}


def _flaws(data: Any, engines: Mapping[str, Engine]) -> Iterator[_Flaw]:
    if not isinstance(data, dict):
        yield (), "a cloud spec must be a mapping", "begin with `name:` and `engine:`"
        return
    yield from _number_flaws(data, ())
    yield from _name_flaws(data)
    name = data.get("engine")
    if "engine" not in data:
        yield (), "lacks the key 'engine'", f"add `engine:` with one of {', '.join(engines)}"
    elif not isinstance(name, str) or name not in engines:
        yield ("engine",), f"unknown engine {_show(name)}", did_you_mean(str(name), engines)
    else:
        yield from _mapping_flaws(data, engines[name].options, (), _COMMON)
        if data.get("provider") is None:
            return
        if not engines[name].takes_servers:
            yield ("provider",), f"the engine {name} does not take servers", "remove it"
        else:
            yield from _provider_flaws(data["provider"], ("provider",))


def _name_flaws(data: dict[Any, Any]) -> Iterator[_Flaw]:
    name = data.get("name")
    if "name" not in data:
        yield (), "lacks the key 'name'", "add `name:`, which later runs find the cloud by"
    elif not isinstance(name, str):
        yield ("name",), f"must be a string, not {_show(name)}", "put it in quotes"
    elif not _NAME.fullmatch(name):
        yield ("name",), f"{_NAME_RULE}, not {_show(name)}", ""


def _number_flaws(data: Any, path: Keys) -> Iterator[_Flaw]:
    """Yield numbers that configuration files, schemas and APIs reject, at any depth."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _number_flaws(value, (*path, key if isinstance(data, list) else str(key)))
    elif isinstance(data, int | float) and not -_LARGEST <= data <= _LARGEST:  # NaN compares false
        yield path, f"the number {_show(data)} is out of bounds", f"write one from -{_LARGEST} to {_LARGEST}"


def _provider_flaws(section: Any, path: Keys) -> Iterator[_Flaw]:
    if not isinstance(section, dict):
        yield path, f"must be a mapping, not {_show(section)}", "begin with `type:`"
        return
    name = section.get("type")
    if "type" not in section:
        yield path, "lacks the key 'type'", f"add `type:` with one of {', '.join(PROVIDERS)}"
    elif not isinstance(name, str) or name not in PROVIDERS:
        yield (*path, "type"), f"unknown provider {_show(name)}", did_you_mean(str(name), PROVIDERS)
    else:
        yield from _mapping_flaws(section, PROVIDERS[name].options, path, ("type",))


def _mapping_flaws(
    data: dict[Any, Any], known: Mapping[str, Option], path: Keys, besides: tuple[str, ...] = ()
) -> Iterator[_Flaw]:
    for key, option in known.items():
        if option.required and data.get(key) is None:
            yield path, f"lacks the key '{key}'", option.description
    for key, value in data.items():
        if key in besides:
            continue
        here = (*path, str(key))
        if key not in known:
            yield here, "unknown key", did_you_mean(str(key), [*besides, *known])
            continue
        yield from _value_flaws(value, known[key], here)
        for other in known[key].excludes:
            if value is not None and data.get(other) is not None:
                yield here, f"cannot be given together with '{other}'", "remove one of the two"


def _value_flaws(value: Any, option: Option, path: Keys) -> Iterator[_Flaw]:
    if value is None and option.default is None:
        return
    secret = option.secret or is_secret_name(str(path[-1]))
    if not _is(value, option.kind):
        given = "what was given" if secret and not isinstance(value, dict | list | None) else _show(value)
        yield path, f"must be {_KINDS[option.kind]}, not {given}", option.description
    elif what := option.check(value):
        hidden = secret or isinstance(value, dict | list)
        yield path, what if hidden else f"{what}, not {_show(value)}", option.description
    elif option.keys is provider_options:
        yield from _provider_flaws(value, path)
    elif option.keys and isinstance(value, dict):
        yield from _mapping_flaws(value, option.keys(value), path)
    elif option.keys:
        for index, one in enumerate(value):
            if isinstance(one, dict):
                yield from _mapping_flaws(one, option.keys(one), (*path, index))
            else:
                yield (*path, index), f"must be a mapping, not {_show(one)}", option.description


def _is(value: Any, kind: type) -> bool:
    """Return whether a value is of a kind, as users see it: true is not a number; 3 and 3.0 both are."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _show(value: Any) -> str:
    """Return a value as short text for a message; of a mapping or list only the kind, as it may hold secrets."""
    for kind in (dict, list):
        if isinstance(value, kind):
            return _KINDS[kind]
    return brief(repr(value))
