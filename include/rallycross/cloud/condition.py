"""Conditions to wait for in a cloud, as data."""

from dataclasses import dataclass

from rallycross.cloud.resource import Resource


@dataclass(frozen=True)
class Condition:
    """A resource reaches one of some statuses, or is gone."""

    kind: Resource
    identifier: str
    wanted: frozenset[str]  # statuses, in lower case
    gone: bool  # whether the condition is also met when the resource is gone
    limit: float  # seconds

    @property
    def what(self) -> str:
        """The message for a condition that is not met."""
        wanted = "gone" if self.gone else " or ".join(sorted(self.wanted)).upper()
        return f"{self.kind.noun} {self.identifier} is not {wanted}"


def becomes(kind: Resource, identifier: str, *statuses: str, limit: float) -> Condition:
    """Return the condition that a resource reaches one of the statuses (in upper or lower case) in `limit` seconds."""
    return Condition(kind, identifier, frozenset(status.lower() for status in statuses), gone=False, limit=limit)


def goes(kind: Resource, identifier: str, *, limit: float) -> Condition:
    """Return the condition that a resource is gone in `limit` seconds."""
    return Condition(kind, identifier, frozenset({"deleted", "soft_deleted"}), gone=True, limit=limit)
