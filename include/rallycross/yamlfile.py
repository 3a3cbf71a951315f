"""Parses YAML in Rally's dialect, and notes the place of every key for complaints.

The dialect is YAML 1.1 as PyYAML's SafeLoader reads it (`on` is true, `010` is 8), without duplicate keys and
without merge keys (`<<`), both of which Rally refuses. JSON files are read by the same parser.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from rallycross.errors import Complaint, InvalidInput, brief
from rallycross.file_kind import NOT_YAML
from rallycross.permissions import OWNER, TEXT, NotAllowed, Permissions
from rallycross.settings import CHECKOUT, settings
from rallycross.userfile import read_text, too_large

Path = tuple[str | int, ...]
Places = dict[Path, tuple[int, int]]  # path of a value -> 1-based line and column of its key (or of the list item)

DEEPEST = 100  # levels of nested values
_LONGEST_KEY = 100  # characters of a key that are shown
LONGEST_NUMBER = 400  # digits; every float has fewer
_STRING, _INTEGER, _BOOLEAN = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "bool"))
_NUMBERS = frozenset({_INTEGER, "tag:yaml.org,2002:float"})
_READ_AS = {
    _BOOLEAN: "",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
    _INTEGER: "a number",
    "tag:yaml.org,2002:float": "a number",
}
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")  # JSON's escapes beyond U+FFFF, which YAML keeps apart
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # possible only by escapes: NUL, and unpaired surrogates


def parse(text: str, file: str, complaints: list[Complaint] | None = None) -> tuple[Any, Places]:
    """Return the data of a YAML text and the place of each key; raise `InvalidInput` if it is not valid YAML.

    With `complaints`, violations of Rally's dialect are appended there instead of raised, so that the caller can report
    them together with its own; of duplicate keys, the last counts.
    """
    forbidden = [] if complaints is None else complaints
    if len(text) > settings().file_limit:
        raise InvalidInput([too_large(file)])
    try:
        loader = Loader(text, file)
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
    except NOT_YAML as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise InvalidInput([*forbidden, Complaint(file, line, column, "", *_not_yaml(error))]) from error
    finally:
        loader.dispose()


def _not_yaml(error: Exception) -> tuple[str, str]:
    """Return what PyYAML complains of, and a remedy."""
    problem = getattr(error, "problem", None)
    if problem == "but found another document":
        return "not valid YAML: a second document begins here", "remove the line `---`, or split the file in two"
    if isinstance(error, RecursionError):
        return "not valid YAML: values are nested too deeply", f"use at most {DEEPEST} levels"
    known = problem or (isinstance(error, ValueError) and str(error).splitlines()[0])
    return f"not valid YAML: {known or f'a value does not fit its tag ({type(error).__name__}: {error})'}", ""


def source(given: str, permissions: Permissions = OWNER) -> tuple[str, str]:
    """Return text and name of an input: a file's path (relative to the checkout), or the YAML itself."""
    if "\n" in given or ": " in given:
        return given, TEXT
    name = given.strip()
    remedy = "name a file, absolute or relative to the checkout, or give the YAML itself"
    try:
        path = permissions.find(name)
    except NotAllowed as error:
        raise InvalidInput([Complaint(name, 0, 0, "", error.what, error.remedy)]) from error
    except (OSError, ValueError, RuntimeError) as error:  # NUL in a path, circular links, unknown user in `~user`
        raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: {error}", remedy)]) from error
    # A path relative to another folder than the checkout is replaced by its absolute path.
    name = name if path == CHECKOUT / name or (CHECKOUT / name).exists() else str(path)
    return read_text(path, name=name, remedy=remedy), name


@contextmanager
def unquoted(text: str, file: str, permissions: Permissions, *, like: re.Pattern[str], kind: str) -> Iterator[None]:
    """Replace complaints about a file that does not match `like` by one that quotes nothing of its content.

    A form may name a file of another kind, and readers of the log may not be permitted to read that file.
    """
    try:
        yield
    except InvalidInput:
        if permissions.folders is None or file == TEXT or like.search(text):
            raise
        raise InvalidInput(
            [Complaint(file, 0, 0, "", f"is not a {kind}", f"name one, or give the {kind} itself")]
        ) from None


def place(places: Places, path: Path) -> tuple[int, int]:
    """Return the line and column of `path`, or of its nearest ancestor that has a place."""
    while path not in places:
        path = path[:-1]
    return places[path]


def dotted(path: Path) -> str:
    """Return a path in dotted form, such as `subtasks[0].scenario`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{brief(part, _LONGEST_KEY)}" for part in path).lstrip(
        "."
    )


class Loader(yaml.SafeLoader):
    """A loader that stops at too many or too deeply nested values: a short text can expand to very many."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self._file, self._left, self._depth = file, settings().file_values, 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; raise `InvalidInput` if it is one too many, or too deep."""
        self._left -= 1
        self._depth += 1
        if self._left < 0:
            raise InvalidInput([_too_many(self._file, self._here())])
        if self._depth > DEEPEST:
            mark = self._here()
            what, remedy = f"nested more than {DEEPEST} levels deep", "use fewer levels"
            raise InvalidInput([Complaint(self._file, mark.line + 1, mark.column + 1, "", what, remedy)])
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _here(self) -> yaml.Mark:
        mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def _too_many(file: str, mark: yaml.Mark) -> Complaint:
    what = f"more than {settings().file_values} values, with aliases counted each time"
    remedy = "split it into several files, or raise RALLYCROSS_FILE_VALUES"
    return Complaint(file, mark.line + 1, mark.column + 1, "", what, remedy)


class _Walk:
    """Collects the places of all values in a node, and violations of Rally's dialect."""

    def __init__(self, places: Places, file: str, forbidden: list[Complaint]) -> None:
        self._places, self._file, self._forbidden = places, file, forbidden
        self._values, self._text_left = settings().file_values, settings().file_limit

    def through(self, node: yaml.Node, path: Path, above: frozenset[int] = frozenset()) -> None:
        """Visit a node; `above` has the ids of its ancestors. Raise `InvalidInput` for endless aliases."""
        if id(node) in above:
            self._forbid(node, dotted(path), "an alias that contains itself")
            raise InvalidInput(self._forbidden)
        if len(self._places) > self._values:  # a few nested aliases can expand to billions
            raise InvalidInput([*self._forbidden, _too_many(self._file, node.start_mark)])
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
                self._key(key, path)
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

    def _key(self, key: yaml.ScalarNode, path: Path) -> None:
        """Forbid keys that YAML reads as something else: `on` is true, `010` is 8."""
        if key.tag in _READ_AS and not (key.tag == _INTEGER and re.fullmatch(r"0|[1-9]\d*", key.value)):
            kind = _READ_AS[key.tag] or ("true" if key.value.lower() in {"on", "true", "yes"} else "false")
            what, remedy = f"YAML reads the key `{brief(key.value)}` as {kind}", "quote it"
            self._forbid(key, dotted((*path, key.value)), what, remedy)
            key.tag = _STRING

    def _text(self, node: yaml.Node, path: Path) -> None:
        _join(node)
        self._text_left -= len(node.value)
        if self._text_left < 0:  # many aliases of a long text
            raise InvalidInput([*self._forbidden, too_large(self._file)])
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            self._forbid(node, dotted(path), f"a number of {len(node.value)} digits", "quote it if you mean a string")
            node.value = "0"
        if found := _UNSTORABLE.search(node.value):
            what = f"the character U+{ord(found[0]):04X}, which cannot be stored"
            self._forbid(node, dotted(path), what, "remove it")

    def _note(self, node: yaml.Node, path: Path) -> None:
        self._places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _forbid(self, node: yaml.Node, key: str, what: str, remedy: str = "") -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self._forbidden.append(Complaint(self._file, line, column, key, what, remedy))


def _join(node: yaml.Node) -> None:
    """Combine surrogate pairs, as JSON escapes them, into single characters."""
    node.value = _PAIR.sub(lambda two: two[0].encode("utf-16", "surrogatepass").decode("utf-16"), node.value)
