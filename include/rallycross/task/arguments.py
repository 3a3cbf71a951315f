"""Task arguments, which fill in a task file's template: as YAML, as JSON, or as `key=value,key=value`."""

import re
from typing import Any

from rallycross.errors import Complaint, InvalidInput
from rallycross.yamlfile import parse, place

_WHERE = "<task arguments>"


def arguments(text: str, where: str = _WHERE) -> dict[str, Any]:
    """Return the arguments by name; raise `InvalidInput` if the text is neither a mapping nor `key=value` pairs.

    Complaints refer to the text by the name `where`.
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
        what, remedy = "is not the name of an argument", "use a string as the key"
        raise InvalidInput(Complaint(where, *place(places, (str(name),)), str(name), what, remedy) for name in wrong)
    return data


def _pair(text: str) -> tuple[str, Any]:
    """Return a key and its value: an `int` if it is a whole number, else the text itself (`1.10` stays `1.10`)."""
    key, _, value = (part.strip() for part in text.partition("="))
    return key, int(value) if re.fullmatch(r"-?[1-9]\d{0,17}|0", value) else value
