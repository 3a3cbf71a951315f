"""Task arguments, which fill in a task file's template: as YAML, as JSON, or as `key=value,key=value`."""

from typing import Any

import yaml

from rallycross.errors import Complaint, InvalidInput
from rallycross.yamlfile import parse

_WHERE = "<task arguments>"


def arguments(text: str) -> dict[str, Any]:
    """Return the arguments by name; raise `InvalidInput` where the text is neither a mapping nor `key=value` pairs."""
    try:
        data, _ = parse(text, _WHERE)
    except InvalidInput:
        if "=" not in text:
            raise
        data = text
    if isinstance(data, str) and "=" in data:
        pairs = [pair.partition("=") for pair in data.split(",")]
        return {key.strip(): yaml.safe_load(value) for key, _, value in pairs}
    if data is None:
        return {}
    if not isinstance(data, dict):
        what = "must be a mapping"
        raise InvalidInput([Complaint(_WHERE, 1, 0, "", what, "write `key: value`, JSON, or `key=value,key=value`")])
    return data
