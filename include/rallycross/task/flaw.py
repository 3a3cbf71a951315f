"""Flaws: what is wrong with a value, and where in it. The caller adds the place in the task file."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from rallycross.errors import brief, did_you_mean
from rallycross.masking import HIDDEN
from rallycross.secret import is_secret_name
from rallycross.task.bounds import bounded
from rallycross.yamlfile import Path

Schema = dict[str, Any]


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong with a value; `path` leads to it from that value."""

    path: Path
    what: str
    remedy: str = ""


Validate = Callable[[Any], Iterable[Flaw]]

_MOST = 200  # flaws of one value that are reported
_LONGEST_NUMBER = 20  # characters of a number that was written as a string
_MOST_DIGITS = 1e15  # beyond this, a float does not keep all digits


def _unique(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    """Check `uniqueItems` in one pass; jsonschema compares every pair if the types differ."""
    if wanted and isinstance(value, list):
        seen = {json.dumps(item, sort_keys=True, default=str) for item in value}
        if len(seen) < len(value):
            yield ValidationError("has an item twice")


# JSON Schema accepts 2.0 as an integer, but nothing can be done 2.0 times.
_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
    validators={"uniqueItems": _unique},
)

KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def by_schema(schema: Schema) -> Validate:
    """Return a function that checks values against a JSON schema."""
    return lambda value: flaws(value, schema)


def flaws(value: Any, schema: Schema) -> list[Flaw]:
    """Return what is wrong with a value by a JSON schema, in words that need no knowledge of schemas."""
    validator = _validator(_Hashed(schema))
    found = (flaw for error in validator.iter_errors(value) for flaw in _explain(error))
    # `required` reports one error per missing key, and each is explained with all missing keys.
    return list(dict.fromkeys(itertools.islice(found, _MOST)))


class _Hashed:
    """A schema as a cache key, compared by identity: schemas are constants."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.schema is self.schema


@cache
def _validator(hashed: _Hashed) -> Draft202012Validator:
    return _Validator(bounded(hashed.schema))


def _explain(error: ValidationError) -> Iterator[Flaw]:
    path = tuple(error.absolute_path)
    value, wanted, schema = (cast("Any", part) for part in (error.instance, error.validator_value, error.schema))
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for key in value:
                if key not in known:
                    yield Flaw((*path, str(key)), "unknown key", did_you_mean(str(key), known))
        case "required":
            for key in wanted:
                if key not in value:
                    yield Flaw(path, f"lacks the key '{key}'", f"add `{key}:`")
        case "anyOf":
            yield from _explain_choice(error, path)
        case str(keyword) if keyword in _SENTENCES:
            seen = value if keyword == "maxLength" else _seen(path, value)
            yield Flaw(path, _SENTENCES[keyword](seen, wanted), _as_number(seen, wanted) if keyword == "type" else "")
        case _:
            yield Flaw(path, error.message if _seen(path, value) is value else "is not valid")


_SENTENCES: dict[str, Callable[[Any, Any], str]] = {
    "type": lambda value, wanted: f"must be {_kinds(wanted)}, not {show(value)}",
    "enum": lambda value, wanted: f"must be {' or '.join(map(show, wanted))}, not {show(value)}",
    "minimum": lambda value, wanted: f"must be {wanted} or more, not {show(value)}",
    "exclusiveMinimum": lambda value, wanted: f"must be above {wanted}, not {show(value)}",
    "maximum": lambda value, wanted: f"must be {wanted} or less, not {show(value)}",
    "exclusiveMaximum": lambda value, wanted: f"must be below {wanted}, not {show(value)}",
    "pattern": lambda value, wanted: f"must match {wanted}, not {show(value)}",
    "maxLength": lambda value, wanted: f"has {len(value)} characters; the limit is {wanted}",
    "maxItems": lambda value, wanted: f"has {len(value)} items; the limit is {wanted}",
    "uniqueItems": lambda *_: "has an item twice",
    "minItems": lambda _, wanted: f"must have {wanted} or more items",
    "minProperties": lambda _, wanted: f"must have {wanted} key or more",
    "maxProperties": lambda value, wanted: f"must have {wanted} key, not {len(value)}: {', '.join(map(str, value))}",
}


def _kinds(wanted: str | list[str]) -> str:
    return " or ".join(KINDS[kind] for kind in _several(wanted))


def _several(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _as_number(text: Any, wanted: str | list[str]) -> str:
    """Return how to write a number that was quoted, or that YAML reads as a string, such as `1e9`."""
    if not isinstance(text, str) or len(text) > _LONGEST_NUMBER or not {"number", "integer"} & {*_several(wanted)}:
        return ""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not abs(number) < _MOST_DIGITS:
        return ""
    return f"write {int(number) if number == int(number) else number}, without quotes"


def _explain_choice(error: ValidationError, path: Path) -> Iterator[Flaw]:
    """Explain by the one alternative of the value's own type, if there is exactly one."""
    alternatives: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        alternatives.setdefault(int(inner.schema_path[0]), []).append(inner)
    near = [
        inner
        for inner in alternatives.values()
        if not any(_is_of_another_type(one) and tuple(one.absolute_path) == path for one in inner)
    ]
    if len(near) == 1:
        for inner in near[0]:
            yield from _explain(inner)
        return
    kinds = [alternative["type"] for alternative in cast("Any", error.validator_value) if "type" in alternative]
    yield Flaw(path, f"must be {_kinds(kinds)}, not {show(_seen(path, error.instance))}")


def _is_of_another_type(error: ValidationError) -> bool:
    """Return whether a value has another type than the alternative that it was held against."""
    if error.validator == "enum":
        return not any(type(error.instance) is type(one) for one in cast("Any", error.validator_value))
    return bool(error.validator == "type")


def _seen(path: Path, value: Any) -> Any:
    """Return a value as a message may quote it: masked if it is a secret."""
    secret = any(isinstance(part, str) and is_secret_name(part) for part in path)
    return HIDDEN if secret and isinstance(value, str | int | float) and not isinstance(value, bool) else value


def show(value: Any) -> str:
    """Return a value as YAML writes it, short enough for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return brief(f"'{value}'" if isinstance(value, str) else str(value))
