"""The contexts of a task. Workloads that ask for the same contexts share one set of them."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from uuid import UUID, uuid5

from openstack.connection import Connection

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import ContextData
from rallycross.context.cleaning import LeftBehind
from rallycross.context.context import CONTEXTS, ContextAdmin
from rallycross.context.ledger import OwnedLedger
from rallycross.results.store import Store
from rallycross.safe_logging import logger
from rallycross.scenario.scenario import SCENARIOS
from rallycross.task.plan import Workload

Tell = Callable[[str], None]

_log = logger(__name__)


@dataclass
class ContextSet:
    """One set of contexts, for all workloads that ask for the same ones."""

    uses: int  # workloads that have not ended yet
    names: frozenset[tuple[str, str]] = frozenset()  # kinds and names of things that the task file names
    running: int = 0  # those of them that use it now
    changed: bool = False  # by a workload, so that no other should use it
    lock: threading.Lock = field(default_factory=threading.Lock)
    context_data: ContextData | None = None  # None: not set up
    undo: ExitStack = field(default_factory=ExitStack)
    records: list[dict[str, Any]] = field(default_factory=list)
    users: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # uuid of a workload -> its records


class SharedContexts:
    """The context sets of one task. Threads of several workloads may use it at the same time."""

    def __init__(  # noqa: PLR0917 - what a task has
        self,
        cloud: Cloud,
        connection: Connection | None,
        store: Store,
        task: str,
        workloads: Sequence[Workload],
        tell: Tell,
    ) -> None:
        self._cloud, self._connection, self._store, self._task, self._tell = cloud, connection, store, task, tell
        uses = Counter(map(_key, workloads))
        self._sets = {_key(one): ContextSet(uses[_key(one)], frozenset(_names(one))) for one in workloads}

    @contextmanager
    def around(self, workload: Workload, uuid: str, records: list[dict[str, Any]]) -> Iterator[ContextData]:
        """Set up a workload's contexts before the `with` block and clean them up after it.

        `records` gets the times and errors, in Rally's format. A shared set is set up for the first workload that
        needs it and cleaned up after the last. It is cleaned up earlier, and set up again for the next workload that
        needs it, if a scenario has changed what is in it, or if another set has things of the same names.
        """
        key = _key(workload)
        context_set = self._sets[key]
        self._make_way(context_set)
        try:
            with context_set.lock:
                context_set.running += 1
                try:
                    if context_set.context_data is None:
                        context_set.records = []
                        part = str(uuid5(UUID(self._task), key))
                        new = ContextData(self._cloud)
                        context_set.context_data = self._set_up(
                            _shared(workload), new, self._task, part, context_set.undo, context_set.records
                        )
                finally:
                    records += context_set.records
                    context_set.users[uuid] = records
            with ExitStack() as undo:
                own = {name: config for name, config in workload.contexts.items() if CONTEXTS[name].own}
                self._set_up(own, context_set.context_data, uuid, uuid, undo, records)
                yield context_set.context_data
        finally:
            with context_set.lock:
                context_set.uses -= 1
                context_set.running -= 1
                context_set.changed |= SCENARIOS[workload.scenario].signature.changes_contexts
                unusable = context_set.context_data is None or (context_set.changed and not context_set.running)
                if context_set.uses == 0 or unusable:
                    self._tear_down(context_set)

    def close(self) -> None:
        """Clean up the sets that remain because some of their workloads never ran."""
        for context_set in self._sets.values():
            self._tear_down(context_set)

    def _make_way(self, context_set: ContextSet) -> None:
        """Tear down the other sets that have things of the same names: a cloud has only one flavor of a name."""
        for other in self._sets.values():
            if other is not context_set and other.names & context_set.names:
                with other.lock:
                    if other.context_data is not None and not other.running:
                        self._tear_down(other)

    def _tear_down(self, context_set: ContextSet) -> None:
        context_set.context_data, context_set.changed = None, False
        context_set.undo.close()
        for uuid, records in context_set.users.items():  # the workloads themselves have mostly ended
            self._store.workloads.save_contexts(uuid, records)
        context_set.users.clear()

    def _set_up(  # noqa: PLR0917 - for one caller
        self,
        wanted: dict[str, Any],
        context_data: ContextData,
        owner: str,
        part: str,
        undo: ExitStack,
        records: list[dict[str, Any]],
    ) -> ContextData:
        ledger = OwnedLedger(self._store, self._cloud.name, self._task, part)
        # Without a cloud the connection is None; contexts of such workloads do not use it.
        admin = ContextAdmin(cast("Connection", self._connection), ledger, owner)
        for name in sorted(wanted, key=lambda name: CONTEXTS[name].order):
            record: dict[str, Any] = {"plugin_name": name, "plugin_cfg": wanted[name]}
            records.append(record)
            context = CONTEXTS[name].make(wanted[name], context_data, admin)
            undo.callback(self._clean_up, record, context.clean_up)
            with _noted(record, "setup"):
                context.set_up()
        return context_data

    def _clean_up(self, record: dict[str, Any], clean_up: Callable[[], Mapping[str, int] | None]) -> None:
        """Clean up one context. A failure is recorded and reported; the ledger keeps what was not deleted."""
        try:
            with _noted(record, "cleanup"):
                record["cleanup"]["deleted"] = dict(clean_up() or {})
        except Exception as error:  # noqa: BLE001 - the other contexts must be cleaned up as well
            if isinstance(error, LeftBehind):
                record["cleanup"]["deleted"] = dict(error.deleted)
            self._tell(f"{record['plugin_name']}: not everything could be cleaned up: {error}")


def _shared(workload: Workload) -> dict[str, Any]:
    """Return those of a workload's contexts that it can share with others."""
    return {name: config for name, config in workload.contexts.items() if not CONTEXTS[name].own}


def _names(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the kinds and names of what the contexts of a workload make with names of the task file."""
    for context, config in _shared(workload).items():
        for kind, thing in CONTEXTS[context].makes(config):
            yield kind, thing.name


def _key(workload: Workload) -> str:
    return json.dumps(_shared(workload), sort_keys=True, default=str)


@contextmanager
def _noted(record: dict[str, Any], act: Literal["setup", "cleanup"]) -> Iterator[None]:
    """Record when a set-up or clean-up began and ended (seconds since the epoch) and its error, as Rally does."""
    note: dict[str, Any] = {"started_at": time.time(), "finished_at": None, "error": None}
    record[act] = note
    try:
        yield
    except Exception as error:
        note["error"] = str(error)
        raise
    finally:
        note["finished_at"] = time.time()
