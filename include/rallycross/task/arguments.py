"""Task arguments, which fill in a task file's template: as YAML, as JSON, or as `key=value,key=value`."""

import re
from typing import Any

from rallycross.errors import Complaint, InvalidInput
from rallycross.yamlfile import parse, place

_WHERE = "<task arguments>"


def arguments(text: str, where: str = _WHERE) -> dict[str, Any]:
    """Return the arguments by name; raise `InvalidInput` where the text is neither a mapping nor `key=value` pairs.

    `where` is what complaints call the text.
    """
    try:
        data, places = parse(text, where)
    except InvalidInput:
        if "=" not in text:
            raise
        data, places = text, {}
    if isinstance(data, str) and all("=" in pair for pair in data.split(",")):
        return dict(_pair(pair) for pair in data.split(","))
    if data is None:
        return {}
    if not isinstance(data, dict):
        what = "must be a mapping"
        raise InvalidInput([Complaint(where, 1, 0, "", what, "write `key: value`, JSON, or `key=value,key=value`")])
    if wrong := [name for name in data if not isinstance(name, str)]:
        what, remedy = "is no name of an argument", "write a text before the colon"
        raise InvalidInput(Complaint(where, *place(places, (str(name),)), str(name), what, remedy) for name in wrong)
    return data


def _pair(text: str) -> tuple[str, Any]:
    """Return a key and its value: the text as it is (`1.10` stays `1.10`), but a whole number as one to count with."""
    key, _, value = (part.strip() for part in text.partition("="))
    return key, int(value) if re.fullmatch(r"-?[1-9]\d{0,17}|0", value) else value
