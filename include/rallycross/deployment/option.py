"""Options of a cloud spec, as engines and providers declare them, so that a spec is checked before anything runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """A key that an engine or a provider accepts."""

    kind: type  # of the YAML value: str, int, float, bool, list, dict
    default: Any
    description: str  # a phrase for messages
    check: Callable[[Any], str | None] = lambda _: None  # "must be ..." for a bad value of the right type, or None
    excludes: tuple[str, ...] = ()  # options that cannot be given together with this one
    required: bool = False
    # Returns the options inside a mapping, or inside each mapping of a list; None = any keys are accepted.
    keys: Callable[[Mapping[str, Any]], Mapping[str, "Option"]] | None = None
    secret: bool = False  # its texts, nested ones too, must never be shown


def within(least: float, most: float) -> Callable[[Any], str | None]:
    """Return a check that a number is within bounds."""
    return lambda value: None if least <= value <= most else f"must be from {least} to {most}"


def texts(value: list[Any]) -> str | None:
    """Return what is wrong with a list of strings, or None."""
    return None if all(isinstance(one, str) and one for one in value) else "must be a list of strings"
