"""Facts about a cloud, as data: tasks are checked against them, and their arguments are resolved with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NamedResource:
    """A resource in a cloud that a task file can name, with the details that checks need."""

    id: str
    name: str
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)  # "ram", "disk", "min_ram", "size" ...


@dataclass(frozen=True)
class CloudFacts:
    """A cloud's name, the types of its services, and its resources by kind: see `inventory.facts`."""

    cloud: str
    services: frozenset[str]
    things: Mapping[str, tuple[NamedResource, ...]] = field(default_factory=dict)
    administrator: bool = True  # whether the signed-in user is an administrator of the cloud
    own_users: bool = False  # whether the cloud has its own users for the load
