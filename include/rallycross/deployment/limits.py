"""Time limits of work on hosts, each with the name of the setting or key that changes it, for messages."""

from collections.abc import Mapping
from typing import Any, Self

from rallycross.settings import settings


class Limit(float):
    """A number of seconds, with the name of what changes it."""

    by: str

    def __new__(cls, seconds: float, by: str) -> Self:
        """`by`: the name of a setting, or of a key of the spec."""
        made = super().__new__(cls, seconds)
        made.by = by
        return made


def host_limit() -> Limit:
    """Return the limit of a quick command on a host, or of a file transfer."""
    return Limit(settings().host_limit, "RALLYCROSS_HOST_LIMIT")


def step_limit() -> Limit:
    """Return the limit of a step, of its undo, and of other long work: stopping services, deleting folders."""
    return Limit(settings().step_limit, "RALLYCROSS_STEP_LIMIT")


def spec_limit(options: Mapping[str, Any], key: str = "timeout") -> Limit:
    """Return the limit that the spec sets for the longest part of a deployment."""
    return Limit(options[key], f"{key} in the spec")


def describe(limit: float) -> str:
    """Return a limit in words, with the name of what changes it, if known."""
    return f"{limit:g} s ({limit.by})" if isinstance(limit, Limit) else f"{limit:g} s"
