"""A key of a cloud spec: what an engine or a provider says of it, so that a spec is checked before anything acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """A key that an engine or a provider knows."""

    kind: type  # what YAML makes of it: str, int, float, bool, list, dict
    default: Any
    description: str  # a phrase for people
    check: Callable[[Any], str | None] = lambda _: None  # "must be ..." for a bad value of the right type, or None
    excludes: tuple[str, ...] = ()  # options that cannot be given beside this one
    required: bool = False
    # The keys of a mapping, or of each mapping in a list, by what the mapping has; None = any.
    keys: Callable[[Mapping[str, Any]], Mapping[str, "Option"]] | None = None
    secret: bool = False  # its texts, or those in it, must be shown to nobody


def within(least: float, most: float) -> Callable[[Any], str | None]:
    """Return the check of a number's bounds."""
    return lambda value: None if least <= value <= most else f"must be from {least} to {most}"


def texts(value: list[Any]) -> str | None:
    """Return what is wrong with a list of texts, or None."""
    return None if all(isinstance(one, str) and one for one in value) else "must be a list of texts"
