"""Says in words which values a schema allows."""

from collections.abc import Callable

from rallycross.task.bounds import DURATION
from rallycross.task.flaw import KINDS, Schema, show
from rallycross.task.known import Parameter

_NAMED = {  # kinds of what an argument names that a task file does not give by a mapping with `id` or `name`
    "file": "a path or a URL",
    "text": "the path of a text file",
    "texts": "a list of paths of text files",
    "path": "a path",
    "external_network": "the name of an external network",
    "image_options": "a mapping",
}
_VOWELS = "aeiou"


def allowed(parameter: Parameter) -> str:
    """Return what a task file may give for a parameter: "a whole number from 1"."""
    kind = parameter.resource
    if kind in _NAMED:
        return _NAMED[kind]
    if kind:
        return f"{'an' if kind[0] in _VOWELS else 'a'} {kind.replace('_', ' ')}"
    return in_words(parameter.schema)


def in_words(schema: Schema) -> str:
    """Return the values that a schema allows."""
    if schema == DURATION:
        return "seconds"
    if "enum" in schema:
        return " or ".join(map(show, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(in_words, schema["anyOf"])))
    kinds = schema.get("type", "any value")
    if isinstance(kinds, list):
        return " or ".join(in_words({**schema, "type": kind}) for kind in kinds)
    detail = _DETAILS.get(kinds)
    return f"{KINDS.get(kinds, kinds)}{detail(schema) if detail else ''}"


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return "" if most is None else f" up to {most:,}"
    return f" from {least:,}" if most is None else f" from {least:,} to {most:,}"


def _items(schema: Schema) -> str:
    return f" ({in_words(schema['items'])})" if schema.get("items") else ""


def _keys(schema: Schema) -> str:
    required = schema.get("required", ())
    names = [f"{name} (required)" if name in required else name for name in schema.get("properties", ())]
    return f" with {', '.join(names)}" if names else ""


_DETAILS: dict[str, Callable[[Schema], str]] = {
    "integer": _bounds,
    "number": _bounds,
    "array": _items,
    "object": _keys,
}
