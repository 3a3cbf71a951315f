"""A cloud spec: from a user's YAML to a `CloudSpec`, or to all that is wrong with it at once."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rallycross.deployment.engine import ENGINES, CloudSpec, Engine, Option
from rallycross.errors import Complaint, InvalidInput, did_you_mean
from rallycross.yamlfile import Path, dotted, parse, place

# A cloud's name names its folder, and its entry in a clouds.yaml.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_KINDS = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
}
_NAME_RULE = "must be lower-case letters, digits and dashes, 41 at the most, beginning with a letter or digit"
_Flaw = tuple[Path, str, str]  # where, what is wrong, remedy


def load_spec(text: str, *, file: str) -> CloudSpec:
    """Return the cloud that a spec wants, defaults filled in; raise `InvalidInput` with all complaints."""
    data, places = parse(text, file)
    engines = ENGINES.all
    complaints = [Complaint(file, *place(places, path), dotted(path), *flaw) for path, *flaw in _flaws(data, engines)]
    if complaints:
        raise InvalidInput(complaints)
    known = engines[data["engine"]].options
    options = {key: data.get(key, option.default) for key, option in known.items()}
    return CloudSpec(data["name"], data["engine"], options, text, file)


def _flaws(data: Any, engines: Mapping[str, Engine]) -> Iterator[_Flaw]:
    if not isinstance(data, dict):
        yield (), "a cloud spec is a mapping", "begin with `name:` and `engine:`"
        return
    yield from _name_flaws(data)
    name = data.get("engine")
    if "engine" not in data:
        yield (), "lacks the key 'engine'", f"add `engine:` with one of {', '.join(engines)}"
    elif not isinstance(name, str) or name not in engines:
        yield ("engine",), f"unknown engine {_show(name)}", did_you_mean(str(name), engines)
    else:
        yield from _option_flaws(data, engines[name].options)


def _name_flaws(data: dict[Any, Any]) -> Iterator[_Flaw]:
    name = data.get("name")
    if "name" not in data:
        yield (), "lacks the key 'name'", "add `name:`, by which later runs find the cloud"
    elif not isinstance(name, str):
        yield ("name",), f"must be a text, not {_show(name)}", "put it in quotes"
    elif not _NAME.fullmatch(name):
        yield ("name",), f"{_NAME_RULE}, not {_show(name)}", ""


def _option_flaws(data: dict[Any, Any], known: Mapping[str, Option]) -> Iterator[_Flaw]:
    for key, value in data.items():
        if key in {"name", "engine"}:
            continue
        path = (str(key),)
        if key not in known:
            yield path, "unknown key", did_you_mean(str(key), ["name", "engine", *known])
            continue
        option = known[key]
        if value is None and option.default is None:
            continue
        if not _is(value, option.kind):
            yield path, f"must be {_KINDS[option.kind]}, not {_show(value)}", option.description
        elif what := option.check(value):
            yield path, what if isinstance(value, dict | list) else f"{what}, not {_show(value)}", option.description
        for other in option.excludes:
            if data.get(other) is not None:
                yield path, f"cannot be given beside '{other}'", "remove one of the two"


def _is(value: Any, kind: type) -> bool:
    """Tell whether a value is of a kind, as a user sees it: true is no number, and 3 is a number as much as 3.0."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _show(value: Any) -> str:
    """Return a value short enough for a message; what is inside it may be secret."""
    for kind in (dict, list):
        if isinstance(value, kind):
            return _KINDS[kind]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
