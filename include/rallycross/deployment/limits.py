"""How long what is done on a host may take, and what changes that, for the message where it took longer."""

from collections.abc import Mapping
from typing import Any, Self

from rallycross.settings import settings


class Limit(float):
    """Seconds that know what they are changed by."""

    by: str

    def __new__(cls, seconds: float, by: str) -> Self:
        """`by`: the name of a setting, or of a key of the spec."""
        made = super().__new__(cls, seconds)
        made.by = by
        return made


def host_limit() -> Limit:
    """Return the limit of a command that looks at something on a host, or moves a file there."""
    return Limit(settings().host_limit, "RALLYCROSS_HOST_LIMIT")


def step_limit() -> Limit:
    """Return the limit of a step, of undoing it, and of what takes as long: ending services, deleting folders."""
    return Limit(settings().step_limit, "RALLYCROSS_STEP_LIMIT")


def spec_limit(options: Mapping[str, Any], key: str = "timeout") -> Limit:
    """Return the limit that the spec gives to what takes longest."""
    return Limit(options[key], f"{key} in the spec")


def told(limit: float) -> str:
    """Return a limit in words, with what changes it where that is known."""
    return f"{limit:g} s ({limit.by})" if isinstance(limit, Limit) else f"{limit:g} s"
