"""Collects what is wrong with one task file while it is read; invalid values are replaced by harmless ones."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from rallycross.errors import Complaint, InvalidInput
from rallycross.task.flaw import Flaw, Schema, Validate, flaws, show
from rallycross.task.known import Known
from rallycross.task.rallys_names import unknown
from rallycross.yamlfile import Path, Places, dotted, place

PLATFORMS = frozenset({"openstack", "default"})  # what may follow the `@` in a name
_LARGEST = 2**63 - 1
_MOST_COMPLAINTS = 200


class Reading:
    """The file's places, what it can name, and the complaints so far."""

    def __init__(self, file: str, places: Places, known: Known) -> None:
        self.file = file
        self.places = places
        self.known = known
        self.complaints: list[Complaint] = []
        self.warnings: list[Complaint] = []

    def place(self, path: Path) -> tuple[int, int]:
        """Return line and column of a path, or of its nearest ancestor."""
        return place(self.places, path)

    def complain(self, path: Path, what: str, remedy: str = "") -> None:
        """Record a complaint."""
        self.complaints.append(Complaint(self.file, *self.place(path), dotted(path), what, remedy))
        if len(self.complaints) >= _MOST_COMPLAINTS:
            last = Complaint(self.file, *self.place(path), "~", "further complaints are not shown")
            raise InvalidInput([*self.complaints, last])

    def warn(self, path: Path, what: str, remedy: str = "") -> None:
        """Record a warning: something has no effect."""
        if len(self.warnings) < _MOST_COMPLAINTS:
            self.warnings.append(Complaint(self.file, *self.place(path), dotted(path), what, remedy))

    def check(self, path: Path, value: Any, schema: Schema) -> None:
        """Check a value against a JSON schema."""
        self._take(path, flaws(value, schema))

    def validate(self, path: Path, value: Any, validate: Validate | None) -> bool:
        """Check a value with a function; return whether it is valid."""
        return not (validate is None or self.plain(path, value) or self._take(path, validate(value)))

    def name(self, kind: str, written: str, known: Mapping[str, Any], path: Path) -> str:
        """Return the name without its platform; complain if it is not known."""
        name = bare(written)
        if name not in known:
            broken = next((one for one in self.known.broken if name in one.texts), None)
            missing = broken and (f"the {kind} '{name}' is missing: {broken}", broken.remedy)
            self.complain(path, *(missing or unknown(kind, written, name, known)))
        return name

    def plain(self, path: Path, value: Any) -> bool:
        """Complain of values that YAML has and APIs do not accept; return whether there was one."""
        if isinstance(value, dict):
            bad = [self.plain((*path, str(key)), item) for key, item in value.items()]
            for key in value:
                if not isinstance(key, str):
                    self.complain((*path, str(key)), f"the key {show(key)} is not a string", "quote it")
                    bad.append(True)
            return any(bad)
        if isinstance(value, list):
            bad = [self.plain((*path, index), item) for index, item in enumerate(value)]
            return any(bad)
        if isinstance(value, int) and abs(value) > _LARGEST:
            self.complain(path, "the number is too large", "write at most 18 digits")
            return True
        if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return False
        if isinstance(value, float):
            what = "not a number" if math.isnan(value) else "an infinite number"
            self.complain(path, what, "write a finite number")
            return True
        self.complain(path, f"a value of type {type(value).__name__}", "quote it if you mean a string")
        return True

    def _take(self, path: Path, found: Iterable[Flaw]) -> bool:
        """Record flaws of a value as complaints; return whether there were any."""
        found = list(found)
        for flaw in found:
            self.complain((*path, *flaw.path), flaw.what, flaw.remedy)
        return bool(found)


def bare(name: str) -> str:
    """Return a name without a known platform: `users` for `users@openstack`."""
    alone, _, platform = name.partition("@")
    return alone if platform in PLATFORMS else name


def mapping(value: Any) -> dict[Any, Any]:
    """Return a value if it is a mapping, else an empty one: the schema check has complained already."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a value if it is a list, else an empty one: the schema check has complained already."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """Return the items of a list as strings."""
    return tuple(str(item) for item in sequence(value))
