"""What differs between the environments of two runs."""

from collections.abc import Iterator, Mapping
from typing import Any


def environment_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `what` differs, with its values `before` and `after`; None = it was not there."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return [
        {"what": what, "before": old.get(what), "after": new.get(what)}
        for what in dict.fromkeys([*old, *new])
        if old.get(what) != new.get(what)
    ]


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else str(name))
    else:
        yield place, value
