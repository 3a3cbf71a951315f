"""What one waits for in a cloud, as data."""

from dataclasses import dataclass

from rallycross.cloud.resource import Resource


@dataclass(frozen=True)
class Condition:
    """That one thing be in a wanted status, or be no more."""

    kind: Resource
    identifier: str
    wanted: frozenset[str]  # statuses, in lower case
    gone: bool  # to be no more will do as well
    limit: float  # seconds

    @property
    def what(self) -> str:
        """What is to be said when it does not come true."""
        wanted = "gone" if self.gone else " or ".join(sorted(self.wanted)).upper()
        return f"{self.kind.noun} {self.identifier} is not {wanted}"


def becomes(kind: Resource, identifier: str, *statuses: str, limit: float) -> Condition:
    """Return the condition that a thing be in one of the statuses, in any case, within `limit` seconds."""
    return Condition(kind, identifier, frozenset(status.lower() for status in statuses), gone=False, limit=limit)


def goes(kind: Resource, identifier: str, *, limit: float) -> Condition:
    """Return the condition that a thing be no more within `limit` seconds."""
    return Condition(kind, identifier, frozenset({"deleted", "soft_deleted"}), gone=True, limit=limit)
