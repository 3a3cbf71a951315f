"""The registry of contexts, and what each of them works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from openstack.connection import Connection

from rallycross.cloud.cloud import Cloud
from rallycross.contexts.ledger import OwnedLedger
from rallycross.registry import Registry
from rallycross.task.flaw import Schema


@dataclass
class Scene:
    """What stands around a workload: contexts find here what others have made, and leave what they make."""

    cloud: Cloud  # as its administrator signs in to it
    connection: Connection  # of the administrator
    ledger: OwnedLedger
    workload: str  # uuid
    users: list[Cloud] = field(default_factory=list)  # the cloud as each user sees it, tenants taking turns
    choose_at_random: bool = True  # which user an iteration acts as: any, or each in turn


class Context(Protocol):
    """Something that stands while a workload's load runs."""

    def set_up(self) -> None:
        """Make it; what is made halfway when this raises is for `clean_up` to take away."""

    def clean_up(self) -> None:
        """Take away what was made, however far that had come."""


@dataclass(frozen=True)
class ContextKind:
    """A context by its name."""

    name: str
    order: int  # set up from the lowest to the highest, cleaned up the other way; Rally's numbers
    schema: Schema  # of its configuration
    make: Callable[[Any, Scene], Context]


CONTEXTS: Registry[ContextKind] = Registry("rallycross.contexts")


def context(name: str, *, order: int, schema: Schema) -> Callable[[type], type]:
    """Register a class, made of its configuration and the `Scene`, as the context `name`."""

    def register(kind: type) -> type:
        CONTEXTS.add(name, ContextKind(name, order, schema, kind))
        return kind

    return register
