"""The registry of contexts, and what each of them works with."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from openstack.connection import Connection

from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import Actor, ContextData
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.naming import context_prefix, random_name
from rallycross.cloud.parallel import THREADS
from rallycross.context.cleaning import clean_rows
from rallycross.context.ledger import OwnedLedger
from rallycross.errors import RallycrossError
from rallycross.registry import Registry
from rallycross.task.flaw import Flaw, Schema, Validate, flaws
from rallycross.task.known import ContextSignature, Needs

__all__ = ["CONTEXTS", "Context", "ContextAdmin", "ContextData", "ContextKind", "SetUpFailed", "context"]


class SetUpFailed(RallycrossError):  # noqa: N818 - reads as what it says
    """A context could not be set up."""


@dataclass
class ContextAdmin:
    """What contexts act with and the load never sees: the administrator's connection, and the ledger."""

    connection: Connection  # of the cloud's administrator
    ledger: OwnedLedger  # what is made is written here before it is asked for
    owner: str  # uuid, of the task or of one workload, in the names of what is made
    _connections: dict[str, Connection] = field(default_factory=dict)
    _apis: dict[str, Api] = field(default_factory=dict)
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

    def api(self, actor: Actor | None = None) -> Api:
        """Return how to speak for a user (default: for the cloud's administrator) in plain requests."""
        who = actor.id if actor else ""
        if who not in self._apis:
            self._apis[who] = Api(self.connect(actor) if actor else self.connection)
        return self._apis[who]

    def renew(self) -> None:
        """Have users sign in anew, since what they may do has changed."""
        with self._lock:
            self._connections.clear()
            for who in [who for who in self._apis if who]:
                del self._apis[who]

    def clean(self, rows: Collection[int], *, users: Sequence[Cloud] = (), threads: int = THREADS) -> Counter[str]:
        """Delete what some rows of the ledger stand for; return how many of each kind there were.

        `users` are the cloud's own. Raise `LeftBehind` when something does not go.
        """
        standing = [row for row in self.ledger.standing() if row.id in rows]
        return clean_rows(self.connection, self.ledger, standing, users=users, threads=threads)


class Context(Protocol):
    """Something that stands while a workload's load runs.

    Made of its configuration, the `ContextData` to read and to add to, and the `ContextAdmin`.
    """

    def set_up(self) -> None:
        """Make it; what is made halfway when this raises is for `clean_up` to take away."""

    def clean_up(self) -> Mapping[str, int] | None:
        """Take away what was made, however far that had come; return how many of what scenarios had left behind."""


Makes = Callable[[Any], Iterable[tuple[str, NamedResource]]]  # of a configuration: kind and thing, which has no id yet


@dataclass(frozen=True)
class ContextKind:
    """A context by its name."""

    name: str
    order: int  # set up from the lowest to the highest, cleaned up the other way; Rally's numbers
    schema: Schema  # of its configuration
    make: Callable[[Any, ContextData, ContextAdmin], Context]
    needs: Needs
    makes: Makes
    own: bool
    check: Validate

    @property
    def signature(self) -> ContextSignature:
        """What a task file is held against."""
        return ContextSignature(self._flaws, self.needs, self.makes)

    def _flaws(self, config: Any) -> Iterable[Flaw]:
        """Return what the schema has against a configuration, or else what is wrong with it as a whole."""
        return flaws(config, self.schema) or self.check(config)


_NOTHING = Needs()
CONTEXTS: Registry[ContextKind] = Registry("rallycross.contexts")


def context(
    name: str,
    *,
    order: int,
    schema: Schema,
    needs: Needs = _NOTHING,
    makes: Makes = lambda _: (),
    own: bool = False,
    check: Validate = lambda _: (),
) -> Callable[[type], type]:
    """Register a class, made of its configuration, the `ContextData` and the `ContextAdmin`, as the context `name`.

    `needs`: what must be there, and who may set it up. `makes`: the things that it will have made of its configuration,
    as far as the task can name them. `own`: set up for each workload by itself, such as what deletes that workload's
    things; others are shared by all workloads that ask for the same. `check`: what no schema can say.
    """

    def register(kind: type) -> type:
        CONTEXTS.add(name, ContextKind(name, order, schema, kind, needs, makes, own, check))
        return kind

    return register
