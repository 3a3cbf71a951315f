"""What a cloud has, as data: what a task is checked against, and what its arguments are resolved with."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Named:
    """A thing in a cloud that a task file can name."""

    id: str
    name: str


@dataclass(frozen=True)
class CloudFacts:
    """A cloud's name, the types of its services, and its things by kind ("image", "flavor", "network")."""

    cloud: str
    services: frozenset[str]
    things: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
