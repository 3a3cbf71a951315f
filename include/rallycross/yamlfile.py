"""YAML in Rally's dialect, with the place of every key, so that a complaint can name it.

The dialect is YAML 1.1 as PyYAML's SafeLoader reads it (`on` is true, `010` is 8), without duplicate keys and
without merge keys (`<<`), both of which Rally refuses. JSON files go through the same door.
"""

import re
from pathlib import Path as FilePath
from typing import Any

import yaml

from rallycross.errors import Complaint, InvalidInput
from rallycross.settings import CHECKOUT

Path = tuple[str | int, ...]
Places = dict[Path, tuple[int, int]]  # path of a value -> 1-based line and column of its key (or of the list item)

_MOST_VALUES = 100_000
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")  # how JSON escapes what is beyond U+FFFF; YAML leaves them apart
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # what only an escape can write: NUL, and halves of surrogate pairs


def parse(text: str, file: str, complaints: list[Complaint] | None = None) -> tuple[Any, Places]:
    """Return the data of a YAML text and the place of each key; raise `InvalidInput` where it is not YAML.

    What is YAML, and forbidden by the dialect, goes to `complaints` where these are given, so that what else is wrong
    with the data can be told with it; of duplicate keys the last counts.
    """
    forbidden = [] if complaints is None else complaints
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        what = f"not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        raise InvalidInput([Complaint(file, line, column, "", what)]) from error
    try:
        root = loader.get_single_node()
        places: Places = {(): (1, 1)}
        if root is None:
            return None, places
        _Walk(places, file, forbidden).through(root, ())
        if forbidden and complaints is None:
            raise InvalidInput(forbidden)
        return loader.construct_document(root), places
    except (yaml.YAMLError, AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        # Whatever PyYAML's constructors let through: `!!bool maybe` is a KeyError, `!!timestamp x` an AttributeError.
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        known = getattr(error, "problem", None) or (isinstance(error, ValueError) and str(error).splitlines()[0])
        what = known or f"a value does not fit its tag ({type(error).__name__}: {error})"
        raise InvalidInput([*forbidden, Complaint(file, line, column, "", f"not valid YAML: {what}")]) from error
    finally:
        loader.dispose()


def source(given: str) -> tuple[str, str]:
    """Return text and name of what a user gave: a file's path (relative to the checkout), or the YAML itself."""
    if "\n" in given or ": " in given:
        return given, "<text>"
    path = CHECKOUT / FilePath(given.strip()).expanduser()
    try:
        return path.read_text(), given.strip()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        remedy = "name a file, absolute or relative to the checkout, or give the YAML itself"
        raise InvalidInput([Complaint(given.strip(), 0, 0, "", f"cannot be read: {what}", remedy)]) from error


def place(places: Places, path: Path) -> tuple[int, int]:
    """Return the line and column of `path`, or of the nearest thing around it that has a place."""
    while path not in places:
        path = path[:-1]
    return places[path]


def dotted(path: Path) -> str:
    """Return a path as people write it: `subtasks[0].scenario`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


class _Walk:
    """Notes the places of all that is in a node, and what Rally's dialect forbids."""

    def __init__(self, places: Places, file: str, forbidden: list[Complaint]) -> None:
        self._places, self._file, self._forbidden = places, file, forbidden

    def through(self, node: yaml.Node, path: Path, above: frozenset[int] = frozenset()) -> None:
        """Walk; `above` are the nodes that this one is in. Raise `InvalidInput` where there would be no end."""
        if id(node) in above:
            self._forbid(node, dotted(path), "an alias that contains itself")
            raise InvalidInput(self._forbidden)
        if len(self._places) > _MOST_VALUES:  # a few aliases of aliases make billions
            what = f"more than {_MOST_VALUES} values, those of aliases counted each time"
            self._forbid(node, "", what, "make several files of it")
            raise InvalidInput(self._forbidden)
        inner = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, path, inner)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._note(value, (*path, index))
                self.through(value, (*path, index), inner)
        else:
            self._text(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path, inner: frozenset[int]) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                _join(key)
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            here = (*path, name)
            if key.tag == "tag:yaml.org,2002:merge":
                self._forbid(key, dotted(path), "merge key '<<'", "write the keys out")
            elif name in seen:
                self._forbid(key, dotted(here), "duplicate key", "remove one of the two")
            seen.add(name)
            self._note(key, here)
            if isinstance(key, yaml.ScalarNode):
                self._text(key, here)
            self.through(value, here, inner)

    def _text(self, node: yaml.Node, path: Path) -> None:
        _join(node)
        if found := _UNSTORABLE.search(node.value):
            what = f"the character U+{ord(found[0]):04X}, which cannot be stored"
            self._forbid(node, dotted(path), what, "leave it out")

    def _note(self, node: yaml.Node, path: Path) -> None:
        self._places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _forbid(self, node: yaml.Node, key: str, what: str, remedy: str = "") -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self._forbidden.append(Complaint(self._file, line, column, key, what, remedy))


def _join(node: yaml.Node) -> None:
    """Make one character of the two halves that JSON writes."""
    node.value = _PAIR.sub(lambda two: two[0].encode("utf-16", "surrogatepass").decode("utf-16"), node.value)
