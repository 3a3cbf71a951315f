"""Conditions to wait for in a cloud, as data."""

from collections.abc import Callable
from dataclasses import dataclass

from rallycross.cloud.resource import Resource, Thing


@dataclass(frozen=True)
class Also:
    """What must be true of a resource besides its status, and how a message says it."""

    words: str  # after "the server is not ACTIVE": "with the address 192.0.2.1"
    holds: Callable[[Thing], bool]


@dataclass(frozen=True)
class Condition:
    """A resource reaches one of some statuses, or is gone."""

    kind: Resource
    identifier: str
    wanted: frozenset[str]  # statuses, in lower case
    gone: bool  # whether the condition is also met when the resource is gone
    limit: float  # seconds
    also: Also | None = None

    @property
    def what(self) -> str:
        """The message for a condition that is not met."""
        wanted = "gone" if self.gone else " or ".join(sorted(self.wanted)).upper()
        more = f" {self.also.words}" if self.also else ""
        return f"{self.kind.noun} {self.identifier} is not {wanted}{more}"

    def met(self, status: str, thing: Thing) -> bool:
        """Return whether a resource that exists, with this status in lower case, is as wanted."""
        return status in self.wanted and (self.also is None or self.also.holds(thing))


def becomes(kind: Resource, identifier: str, *statuses: str, limit: float, also: Also | None = None) -> Condition:
    """Return the condition that a resource reaches one of the statuses (in upper or lower case) in `limit` seconds."""
    wanted = frozenset(status.lower() for status in statuses)
    return Condition(kind, identifier, wanted, gone=False, limit=limit, also=also)


def goes(kind: Resource, identifier: str, *, limit: float) -> Condition:
    """Return the condition that a resource is gone in `limit` seconds."""
    return Condition(kind, identifier, frozenset({"deleted", "soft_deleted"}), gone=True, limit=limit)
