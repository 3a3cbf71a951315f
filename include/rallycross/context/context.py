"""The registry of contexts, and what each context gets."""

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
    """The administrator's connection and the ledger: what contexts work with and the load does not see."""

    connection: Connection  # of the cloud's administrator
    ledger: OwnedLedger  # each thing is recorded here before its request is sent
    owner: str  # uuid of the task or of one workload; a part of the names of what is made
    _connections: dict[str, Connection] = field(default_factory=dict)
    _apis: dict[str, Api] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def name(self) -> str:
        """Return a new name for something that a context makes, in Rally's form."""
        return random_name(context_prefix(self.owner))

    def connect(self, actor: Actor) -> Connection:
        """Return the connection of a user. It is cached, since each new one discovers all services again."""
        with self._lock:
            if actor.id not in self._connections:
                self._connections[actor.id] = actor.cloud.connect()
            return self._connections[actor.id]

    def api(self, actor: Actor | None = None) -> Api:
        """Return the plain API of a user (default: of the cloud's administrator)."""
        who = actor.id if actor else ""
        if who not in self._apis:
            self._apis[who] = Api(self.connect(actor) if actor else self.connection)
        return self._apis[who]

    def renew(self) -> None:
        """Make users sign in again, since their roles have changed."""
        with self._lock:
            self._connections.clear()
            for who in [who for who in self._apis if who]:
                del self._apis[who]

    def clean(self, rows: Collection[int], *, users: Sequence[Cloud] = (), threads: int = THREADS) -> Counter[str]:
        """Delete what some rows of the ledger list; return how many of each kind were deleted.

        `users` are the cloud's own users. Raise `LeftBehind` if something cannot be deleted.
        """
        standing = [row for row in self.ledger.standing() if row.id in rows]
        return clean_rows(self.connection, self.ledger, standing, users=users, threads=threads)


class Context(Protocol):
    """A context: set up before a workload's load and cleaned up after it.

    It is constructed with its configuration, the `ContextData` to read and to add to, and the `ContextAdmin`.
    """

    def set_up(self) -> None:
        """Set it up. If this raises, `clean_up` removes what was made so far."""

    def clean_up(self) -> Mapping[str, int] | None:
        """Remove what was made, also after a failed `set_up`; return how many leftovers of scenarios were deleted."""


Makes = Callable[[Any], Iterable[tuple[str, NamedResource]]]  # configuration -> (kind, thing without an id yet)


@dataclass(frozen=True)
class ContextKind:
    """A registered context."""

    name: str
    order: int  # set up in ascending order, cleaned up in descending order; Rally's numbers
    schema: Schema  # of its configuration
    make: Callable[[Any, ContextData, ContextAdmin], Context]
    needs: Needs
    makes: Makes
    own: bool
    check: Validate

    @property
    def signature(self) -> ContextSignature:
        """What a task file is checked against."""
        return ContextSignature(self._flaws, self.needs, self.makes)

    def _flaws(self, config: Any) -> Iterable[Flaw]:
        """Return what is wrong with a configuration: by its schema, or else by its `check`."""
        return flaws(config, self.schema) or self.check(config)


_NOTHING = Needs()
CONTEXTS: Registry[ContextKind] = Registry("rallycross.contexts", users_add=True)


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
    """Register a class as the context `name`; it is constructed with configuration, `ContextData`, `ContextAdmin`.

    `needs`: what the cloud must have, and whether an administrator must set it up. `makes`: the things that the context
    will make and that the task can name. `own`: each workload has its own, as for contexts that delete that workload's
    things; all others are shared by the workloads that ask for the same. `check`: what a schema cannot express.
    """

    def register(kind: type) -> type:
        CONTEXTS.add(name, ContextKind(name, order, schema, kind, needs, makes, own, check))
        return kind

    return register
