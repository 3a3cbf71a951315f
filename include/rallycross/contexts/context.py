"""The registry of contexts, and what each of them works with."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from openstack.connection import Connection

from rallycross.cloud.naming import context_prefix, random_name
from rallycross.cloud.scene import Actor, Scene
from rallycross.contexts.ledger import OwnedLedger
from rallycross.errors import RallycrossError
from rallycross.registry import Registry
from rallycross.task.flaw import Schema

__all__ = ["CONTEXTS", "Backstage", "Context", "ContextKind", "Scene", "SetUpFailed", "context"]


class SetUpFailed(RallycrossError):  # noqa: N818 - reads as what it says
    """A context could not be set up."""


@dataclass
class Backstage:
    """What contexts work with and the load never sees."""

    connection: Connection  # of the cloud's administrator
    ledger: OwnedLedger  # what is made is written here before it is asked for
    owner: str  # uuid, of the task or of one workload, in the names of what is made
    _connections: dict[str, Connection] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def name(self) -> str:
        """Return a new name in Rally's form for what contexts make."""
        return random_name(context_prefix(self.owner))

    def connect(self, actor: Actor) -> Connection:
        """Return the connection of a user; made once, since each new one discovers all services anew."""
        with self._lock:
            if actor.id not in self._connections:
                self._connections[actor.id] = actor.cloud.connect()
            return self._connections[actor.id]


class Context(Protocol):
    """Something that stands while a workload's load runs.

    Made of its configuration, the `Scene` to read and to add to, and the `Backstage`.
    """

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
    make: Callable[[Any, Scene, Backstage], Context]


CONTEXTS: Registry[ContextKind] = Registry("rallycross.contexts")


def context(name: str, *, order: int, schema: Schema) -> Callable[[type], type]:
    """Register a class, made of its configuration, the `Scene` and the `Backstage`, as the context `name`."""

    def register(kind: type) -> type:
        CONTEXTS.add(name, ContextKind(name, order, schema, kind))
        return kind

    return register
