"""One task file being read: what is wrong is gathered with its place; what that leaves open gets a harmless value."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from rallycross.errors import Complaint, InvalidInput
from rallycross.task.flaw import Flaw, Schema, Validate, flaws, show
from rallycross.task.known import Known
from rallycross.task.rallys_names import unknown
from rallycross.yamlfile import Path, Places, dotted, place

PLATFORMS = frozenset({"openstack", "default"})  # what may stand behind the `@` of a name
_LARGEST = 2**63 - 1
_MOST_COMPLAINTS = 200


class Reading:
    """The file's places, what it can name, and what has been found wrong with it so far."""

    def __init__(self, file: str, places: Places, known: Known) -> None:
        self.file = file
        self.places = places
        self.known = known
        self.complaints: list[Complaint] = []
        self.warnings: list[Complaint] = []

    def place(self, path: Path) -> tuple[int, int]:
        """Return line and column of a path, or of the nearest thing around it."""
        return place(self.places, path)

    def complain(self, path: Path, what: str, remedy: str = "") -> None:
        """Note that something is wrong."""
        self.complaints.append(Complaint(self.file, *self.place(path), dotted(path), what, remedy))
        if len(self.complaints) >= _MOST_COMPLAINTS:
            raise InvalidInput([*self.complaints, Complaint(self.file, *self.place(path), "~", "the rest is not told")])

    def warn(self, path: Path, what: str, remedy: str = "") -> None:
        """Note that something has no effect."""
        if len(self.warnings) < _MOST_COMPLAINTS:
            self.warnings.append(Complaint(self.file, *self.place(path), dotted(path), what, remedy))

    def check(self, path: Path, value: Any, schema: Schema) -> None:
        """Hold a value against a JSON schema."""
        self._take(path, flaws(value, schema))

    def validate(self, path: Path, value: Any, validate: Validate | None) -> bool:
        """Hold a value against what the one who takes it says of it; return whether it is fine."""
        return not (validate is None or self.plain(path, value) or self._take(path, validate(value)))

    def name(self, kind: str, written: str, known: Mapping[str, Any], path: Path) -> str:
        """Return the name without its platform; complain when there is nothing of this name."""
        name = bare(written)
        if name not in known:
            self.complain(path, *unknown(kind, written, name, known))
        return name

    def plain(self, path: Path, value: Any) -> bool:
        """Complain of what YAML can say and no API understands; return whether there was such a thing."""
        if isinstance(value, dict):
            bad = [self.plain((*path, str(key)), item) for key, item in value.items()]
            for key in value:
                if not isinstance(key, str):
                    self.complain((*path, str(key)), f"the key {show(key)} is not a text", "quote it")
                    bad.append(True)
            return any(bad)
        if isinstance(value, list):
            bad = [self.plain((*path, index), item) for index, item in enumerate(value)]
            return any(bad)
        if isinstance(value, int) and abs(value) > _LARGEST:
            self.complain(path, "the number is too large", "write one of less than 19 digits")
            return True
        if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return False
        if isinstance(value, float):
            what = "not a number" if math.isnan(value) else "an infinite number"
            self.complain(path, what, "write one that is finite")
            return True
        self.complain(path, f"a value of type {type(value).__name__}", "quote it, if a text is meant")
        return True

    def _take(self, path: Path, found: Iterable[Flaw]) -> bool:
        """Take up flaws of a value as complaints; return whether there were any."""
        found = list(found)
        for flaw in found:
            self.complain((*path, *flaw.path), flaw.what, flaw.remedy)
        return bool(found)


def bare(name: str) -> str:
    """Return a name without a platform that there is: `users@openstack` is `users`."""
    alone, _, platform = name.partition("@")
    return alone if platform in PLATFORMS else name


def mapping(value: Any) -> dict[Any, Any]:
    """Return a value if it is a mapping; an empty one in the place of what is not, and has been complained of."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a value if it is a list; an empty one in the place of what is not, and has been complained of."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """Return a list as texts."""
    return tuple(str(item) for item in sequence(value))
