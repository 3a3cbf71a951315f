"""Makes foreign texts safe to show: characters that control a terminal or the direction of text are escaped."""

import json
import re
import unicodedata
from functools import cache

_SUSPECT = re.compile("[^ -~\n\t]")
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")
# Control characters, invisible ones (direction of text, zero width), unpaired surrogates, separators.
_WRITTEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, *, keep: str = "\n\t") -> str:
    r"""Return a text with unsafe characters escaped as in Python, such as `\x1b`; those in `keep` stay."""
    found = _SUSPECT.sub(lambda one: _written(one[0]), text)
    for character in "\n\t":
        if character not in keep:
            found = found.replace(character, _written(character))
    return found


def printable_json(text: str) -> str:
    """Return a JSON text with unsafe characters escaped as in JSON, so that its meaning is unchanged."""
    return _SUSPECT.sub(lambda one: one[0] if _written(one[0]) == one[0] else json.dumps(one[0])[1:-1], text)


def without_colours(text: str) -> str:
    """Return a program's output without its colour codes."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


@cache
def _written(character: str) -> str:
    if unicodedata.category(character) not in _WRITTEN:
        return character
    code = ord(character)
    if character in "\n\r\t":
        return repr(character)[1:-1]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
