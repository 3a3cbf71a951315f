"""Types of scenario arguments, and the JSON schemas that they have in a task file."""

import random
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

from rallycross.cloud.versions import as_numbers
from rallycross.task.bounds import DURATION, GIBIBYTES, THINGS
from rallycross.task.cloud_references import CloudReference, microversion, networks_of
from rallycross.task.flaw import Flaw, Schema
from rallycross.task.known import Parameter


@dataclass(frozen=True, eq=False)
class Argument:
    """Metadata of an annotated type: its schema in a task file, and the kind of cloud resource that it names."""

    schema: Schema
    resource: str = ""
    references: Callable[[Any], Iterable[CloudReference]] = lambda _: ()


@dataclass(frozen=True, eq=False)
class Since:
    """Metadata of an annotated type: the first microversion of a service, by its type, that has such an argument.

    `when` tells which values need it. What is None needs nothing.
    """

    service: str
    microversion: str
    when: Callable[[Any], bool] = lambda _: True


def _named(**more: Schema) -> Schema:
    text: Schema = {"type": ["string", "integer"]}
    return {
        "type": "object",
        "properties": {"id": text, "name": {"type": "string"}, "regex": {"type": "string"}, **more},
        "minProperties": 1,
        "additionalProperties": False,
    }


_TEXT: Schema = {"type": "string"}

# In a task file: an id, name or regex. In the scenario: the id.
Image = Annotated[str, Argument(_named(accurate={"type": "boolean"}, list_kwargs={"type": "object"}), "image")]
Flavor = Annotated[str, Argument(_named(accurate={"type": "boolean"}), "flavor")]
# A volume type may also be given by its plain name.
VolumeType = Annotated[str, Argument({"anyOf": [_TEXT, _named()]}, "volume_type")]
# In a task file: an id or name. In the scenario: the id.
Network = Annotated[str, Argument(_named(), "network")]
ExternalNetwork = Annotated[str, Argument(_TEXT, "external_network")]  # by its plain name; for floating IPs
# NICs of a new server, as novaclient takes them: each network by its id.
Nics = Annotated[
    list[dict[str, str]],
    Argument({"type": "array", "items": {"type": "object", "additionalProperties": _TEXT}}, references=networks_of),
]
WatcherStrategy = Annotated[str, Argument(_named(), "strategy")]
WatcherGoal = Annotated[str, Argument(_named(), "goal")]

# In a task file: a path or a URL. In the scenario: an absolute path or a URL.
Location = Annotated[str, Argument(_TEXT, "file")]
# In a task file: a path. In the scenario: the text of the file; several texts by path; an absolute path.
FileText = Annotated[str, Argument(_TEXT, "text")]
FileTexts = Annotated[dict[str, str], Argument({"type": "array", "items": _TEXT}, "texts")]
UserPath = Annotated[str, Argument(_TEXT, "path")]

# Options of a new image: `is_public`, as glance's API v1 had it, becomes `visibility`.
ImageOptions = Annotated[dict[str, Any], Argument({"type": "object"}, "image_options")]

Seconds = Annotated[float, Argument(DURATION)]
Amount = Annotated[int, Argument({"type": "integer", "minimum": 0})]  # of MiB, GiB
Count = Annotated[int, Argument({"type": "integer", "minimum": 0, "maximum": THINGS})]  # of what an iteration creates
AtLeastOne = Annotated[int, Argument({"type": "integer", "minimum": 1})]


class Range(TypedDict):
    """Inclusive bounds of a number that each iteration draws at random."""

    min: int
    max: int


_WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": GIBIBYTES}
_RANGE: Schema = {
    "type": "object",
    "properties": {"min": _WHOLE, "max": _WHOLE},
    "required": ["min", "max"],
    "additionalProperties": False,
}
Size = Annotated[int | Range, Argument({"anyOf": [_WHOLE, _RANGE]})]  # in GiB


def draw(size: int | Range) -> int:
    """Return a size: the given one, or a random one from a range."""
    return size if isinstance(size, int) else random.randint(size["min"], size["max"])  # noqa: S311 - no secret


def size_contradictions(args: Mapping[str, Any], name: str = "size") -> Iterator[Flaw]:
    """Yield what is wrong with an argument that is a size: `max` must not be below `min`."""
    size = args.get(name)
    if isinstance(size, dict) and size["max"] < size["min"]:
        yield Flaw((name, "max"), f"{size['max']} is below `min`, which is {size['min']}", "swap the two")


def name_contradictions(args: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield the names among options that a scenario passes on: what it creates has names by which it is deleted."""
    for key in ("name", "display_name"):
        if key in args:
            yield Flaw((key,), "cannot be given: the clean-up finds what a scenario creates by its name", "remove it")


def schema_of(annotation: Any) -> Schema:
    """Return the JSON schema of an annotation; raise `TypeError` if it has none."""
    if marked := _argument(annotation):
        return marked.schema
    if annotation in _SIMPLE:
        return {"type": _SIMPLE[annotation]}
    if annotation is Any:
        return {}
    if is_typeddict(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        return {
            "type": "object",
            "properties": {name: schema_of(hint) for name, hint in hints.items()},
            "required": sorted(annotation.__required_keys__),
            "additionalProperties": False,
        }
    return _schema_of_generic(annotation)


def _schema_of_generic(annotation: Any) -> Schema:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return schema_of(args[0])
    if origin is Literal:
        return {"enum": list(args)}
    if origin is list:
        return {"type": "array", "items": schema_of(args[0])}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": schema_of(args[1])}
    if origin in {Union, types.UnionType}:
        schemas = [schema_of(arg) for arg in args]
        if all(schema.keys() == {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        return {"anyOf": schemas}
    raise TypeError(f"a task file cannot give an argument of type {annotation}")


def parameter(annotation: Any, *, required: bool, default: Any = None) -> Parameter:
    """Return a scenario's parameter as a task file sees it."""
    marked = _argument(annotation) or Argument({})
    return Parameter(
        schema_of(annotation),
        required=required,
        default=default,
        resource=marked.resource,
        references=lambda value: (*marked.references(value), *_microversions(annotation, value)),
    )


def needed_microversion(annotation: Any, value: Any) -> str:
    """Return the microversion that a request with a value of an annotated type needs, by its `Since`; "" = any."""
    return max((one.wanted for one in _microversions(annotation, value)), key=as_numbers, default="")


def _microversions(annotation: Any, value: Any, key: str = "") -> Iterator[CloudReference]:
    """Yield the microversions that a value needs, also those of the options in it."""
    origin, args = get_origin(annotation), get_args(annotation)
    if value is None:
        return
    if origin is Annotated:
        for one in annotation.__metadata__:
            if isinstance(one, Since) and one.when(value):
                yield microversion(one.service, one.microversion, key)
        yield from _microversions(args[0], value, key)
    elif origin in {Union, types.UnionType}:
        for arg in args:
            yield from _microversions(arg, value, key)
    elif is_typeddict(annotation) and isinstance(value, dict):
        for name, hint in _hints(annotation).items():
            yield from _microversions(hint, value.get(name), f"{key}.{name}")


@cache
def _hints(options: Any) -> dict[str, Any]:
    """Return the annotations of a TypedDict."""
    return get_type_hints(options, include_extras=True)


def _argument(annotation: Any) -> Argument | None:
    """Return the `Argument` of an annotated type, also of one that may be None."""
    if get_origin(annotation) is Annotated:
        return next((one for one in annotation.__metadata__ if isinstance(one, Argument)), None)
    if get_origin(annotation) in {Union, types.UnionType}:
        inner = [_argument(arg) for arg in get_args(annotation) if arg is not type(None)]
        if len(inner) == 1 and inner[0]:
            return Argument({"anyOf": [inner[0].schema, {"type": "null"}]}, inner[0].resource, inner[0].references)
    return None


_SIMPLE = {
    int: "integer",
    float: "number",
    bool: "boolean",
    str: "string",
    type(None): "null",
    dict: "object",
    list: "array",
}
