"""Texts of strangers where they are shown: what would steer a terminal, or the order of a line, is written out."""

import json
import re
import unicodedata
from functools import cache

_SUSPECT = re.compile("[^ -~\n\t]")
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")
# Control characters, those that cannot be seen (direction of writing, zero width), halves of characters, separators.
_WRITTEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, *, keep: str = "\n\t") -> str:
    r"""Return a text with each of these characters as Python would write it, such as `\x1b`; those in `keep` stay."""
    found = _SUSPECT.sub(lambda one: _written(one[0]), text)
    for character in "\n\t":
        if character not in keep:
            found = found.replace(character, _written(character))
    return found


def printable_json(text: str) -> str:
    """Return a JSON text with each of these characters as JSON escapes it: it reads as before, and is Unicode."""
    return _SUSPECT.sub(lambda one: one[0] if _written(one[0]) == one[0] else json.dumps(one[0])[1:-1], text)


def without_colours(text: str) -> str:
    """Return what a program has said without the colours that it gave it."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


@cache
def _written(character: str) -> str:
    if unicodedata.category(character) not in _WRITTEN:
        return character
    code = ord(character)
    if character in "\n\r\t":
        return repr(character)[1:-1]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
