"""What a cloud has, as data: what a task is checked against, and what its arguments are resolved with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NamedResource:
    """A thing in a cloud that a task file can name, with what a check needs to know of it."""

    id: str
    name: str
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)  # "ram", "disk", "min_ram", "size" ...


@dataclass(frozen=True)
class CloudFacts:
    """A cloud's name, the types of its services, and its things by kind: see `inventory.facts`."""

    cloud: str
    services: frozenset[str]
    things: Mapping[str, tuple[NamedResource, ...]] = field(default_factory=dict)
    administrator: bool = True  # may whoever signs in act as the cloud's administrator?
    own_users: bool = False  # does the cloud bring users of its own for the load?
