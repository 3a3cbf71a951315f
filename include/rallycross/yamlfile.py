"""YAML in Rally's dialect, with the place of every key, so that a complaint can name it.

The dialect is YAML 1.1 as PyYAML's SafeLoader reads it (`on` is true, `010` is 8), without duplicate keys and
without merge keys (`<<`), both of which Rally refuses. JSON files go through the same door.
"""

from pathlib import Path as FilePath
from typing import Any

import yaml

from rallycross.errors import Complaint, InvalidInput
from rallycross.settings import CHECKOUT

Path = tuple[str | int, ...]
Places = dict[Path, tuple[int, int]]  # path of a value -> 1-based line and column of its key (or of the list item)

_MOST_VALUES = 100_000


def parse(text: str, file: str) -> tuple[Any, Places]:
    """Return the data of a YAML text and the place of each key; raise `InvalidInput` where it is not YAML."""
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
        complaints = _walk(root, (), places, file, set())
        if complaints:
            raise InvalidInput(complaints)
        return loader.construct_document(root), places
    except (yaml.YAMLError, AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        # Whatever PyYAML's constructors let through: `!!bool maybe` is a KeyError, `!!timestamp x` an AttributeError.
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        known = getattr(error, "problem", None) or (isinstance(error, ValueError) and str(error).splitlines()[0])
        what = known or f"a value does not fit its tag ({type(error).__name__}: {error})"
        raise InvalidInput([Complaint(file, line, column, "", f"not valid YAML: {what}")]) from error
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


def _walk(node: yaml.Node, path: Path, places: Places, file: str, above: set[int]) -> list[Complaint]:
    """Note the places of all that is in `node`; return what Rally's dialect forbids."""
    mark = node.start_mark
    if id(node) in above:
        return [Complaint(file, mark.line + 1, mark.column + 1, dotted(path), "an alias that contains itself")]
    if len(places) > _MOST_VALUES:  # a few aliases of aliases make billions
        what = f"more than {_MOST_VALUES} values, those of aliases counted each time"
        raise InvalidInput([Complaint(file, mark.line + 1, mark.column + 1, "", what, "make several files of it")])
    complaints = []
    inner = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            here = (*path, name)
            if key.tag == "tag:yaml.org,2002:merge":
                complaints.append(Complaint(file, line, column, dotted(path), "merge key '<<'", "write the keys out"))
            elif name in seen:
                complaints.append(Complaint(file, line, column, dotted(here), "duplicate key", "remove one of the two"))
            seen.add(name)
            places[here] = (line, column)
            complaints += _walk(value, here, places, file, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*path, index)
            places[here] = (value.start_mark.line + 1, value.start_mark.column + 1)
            complaints += _walk(value, here, places, file, inner)
    return complaints
