"""Rehearses a scenario without a cloud, to know the requests and the actions of one iteration.

The scenario runs once, in virtual time. Its client answers every request with a placeholder document that has any key
and the expected status. A scenario that inspects its answers more closely cannot be rehearsed.
"""

import asyncio
import logging
import os
import selectors
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.cloud.access import Access
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.condition import Condition
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.cloud.errors import ApiError
from rallycross.cloud.waiting import RallyPolling
from rallycross.errors import RallycrossError
from rallycross.load.iteration import Iteration
from rallycross.scenario.scenario import Scenario
from rallycross.scenario.user import User
from rallycross.task.known import Signature

_ID = "00000000-0000-4000-8000-000000000000"
_MOST_REQUESTS = 2_000
_LONGEST = 24 * 3600.0  # virtual seconds


@dataclass
class Calls:
    """The requests and the actions of one iteration."""

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)  # (method, service's type), without polling
    polls: bool = False  # whether it also polls for the status of something
    actions: list[str] = field(default_factory=list)  # the outer ones, in the order of their starts

    @property
    def total(self) -> int:
        """How many requests, without polling."""
        return self.sent.total()


def rehearse(scenario: Scenario, args: Mapping[str, Any], contexts: Iterable[str] = ()) -> Calls | None:
    """Return what an iteration does with a task file's arguments and contexts; None if that cannot be determined."""
    calls = Calls()
    if not scenario.signature.actors:
        return calls
    if scenario.blocking:
        return None
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # errors of a rehearsal are of no interest
    try:
        with asyncio.Runner(loop_factory=_VirtualTime) as runner:
            runner.run(asyncio.wait_for(_iterate(scenario, args, _made(contexts), calls), _LONGEST))
    except Exception:  # noqa: BLE001 - a placeholder answer can cause any error
        return None
    finally:
        logging.disable(level)
    return calls


def _made(contexts: Iterable[str]) -> "_Document":
    """Return what contexts have made in a project: one of each, which a scenario may look for."""
    made = _Document()
    made |= {kind: made[kind] for context in contexts for kind in _MADE.get(context, ())}
    return made


async def _iterate(scenario: Scenario, args: Mapping[str, Any], made: "_Document", calls: Calls) -> None:
    cloud = Cloud("rehearsal", {"auth": {}})
    tenant = Tenant(_ID, "rehearsal", made)
    actor = Actor(cloud, tenant, _ID, _Document(), _Document())
    context_data = ContextData(cloud, [actor], {_ID: tenant}, shared=_Document())
    iteration = Iteration(0, asyncio.get_running_loop().time)
    client: Any = _Client(calls)
    people: dict[str, Any] = {
        "user": _Rehearsing(client, iteration, _ID, context_data=context_data, actor=actor),
        "admin": _Rehearsing(client, iteration, _ID, context_data=context_data),
        "iteration": iteration,
    }
    await scenario.function(*(people[role] for role in scenario.roles), **_resolved(args, scenario.signature))
    calls.actions = [action.name for action in iteration.actions if action.depth == 0]


def _resolved(args: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    """Return arguments as a scenario gets them: an id for a name, an empty text for a file."""
    stand_ins: dict[str, Any] = {"file": os.devnull, "text": "", "path": os.devnull, "texts": {}}
    found = dict(args)
    for name, value in args.items():
        kind = signature.parameters[name].resource if name in signature.parameters else ""
        if kind and value is not None and kind != "image_options":
            found[name] = stand_ins.get(kind, _ID)
    return found


class _Document(dict[str, Any]):
    """An answer that has any key: ids and names are texts, plurals are lists, all others are such documents.

    A list has one item; that of a reservation has all servers that were asked for.
    """

    def __init__(self, status: str = "active", many: int = 1) -> None:
        super().__init__({"id": _ID, "name": "rehearsal", "status": status})
        self._many = many

    def __missing__(self, key: str) -> Any:
        if key in _HOSTS:
            return str(uuid.uuid4())
        if key in {"metadata", "address", "addresses", "links"} or not key.endswith("s") or key.endswith("ss"):
            return _TEXTS.get(key, _Document(self["status"]))
        return _Things(_Document(self["status"]) for _ in range(self._many))


class _Things(list[Any]):
    """What is under a plural: a list, or one thing, such as the `qos_specs` that cinder has created."""

    def __getitem__(self, key: Any) -> Any:
        return self[0][key] if isinstance(key, str) else super().__getitem__(key)


# What contexts make in projects.
_MADE = {
    "network": ("networks", "subnets", "routers"),
    "existing_network": ("networks", "subnets"),
    "servers": ("servers",),
    "volumes": ("volumes",),
    "images": ("images",),
}

# Where a server is: every answer names another host, as a migration expects.
_HOSTS = frozenset({"hostId", "hypervisor_hostname", "OS-EXT-SRV-ATTR:hypervisor_hostname"})

# Keys whose values are texts or numbers.
_TEXTS: dict[str, Any] = {
    **dict.fromkeys(
        ("uuid", "token", "project_id", "tenant_id", "user_id", "network_id", "router_id", "volume_id", "href"), _ID
    ),
    **dict.fromkeys(("host", "hypervisor_hostname", "OS-EXT-SRV-ATTR:host"), "host-1"),
    "state": "up",
    "size": 1,
    "cidr": "10.2.0.0/24",
    "floating_ip_address": "192.0.2.1",
    "agent_type": "Open vSwitch agent",
}


class _Rehearsing(User):
    """A user whose conditions are all met at once."""

    async def wait(self, condition: Condition, rally: RallyPolling) -> dict[str, Any]:  # noqa: ARG002 - as users do
        self.client.calls.polls = True  # type: ignore[attr-defined] # it is the client below
        return {} if condition.gone else _Document(min(condition.wanted))


class _Client:
    """A substitute for `Client` that counts requests and answers them."""

    http: Any = None

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self._requests = 0
        self._gone: set[str] = set()

    async def access(self) -> Access:
        return Access(_ID, _ID, _ID, {})

    async def fresh_access(self) -> Access:
        self.calls.sent["POST", "identity"] += 1
        return await self.access()

    async def request(
        self, method: str, service: str, path: str, params: Mapping[str, str] | None = None, **_: Any
    ) -> Any:
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise RallycrossError("the iteration has too many requests to count")
        self.calls.sent[method, service] += 1
        if method == "DELETE":
            self._gone.add(path)
            return None
        if method != "GET":
            return _Document()
        if path in self._gone:
            raise ApiError(method, path, 404, "it is gone", None)
        reserved = int(params["limit"]) if params and "reservation_id" in params else 1
        return _Document(many=reserved)

    async def download(self, service: str, path: str) -> int:
        await self.request("GET", service, path)
        return 0


class _Selector(selectors.DefaultSelector):
    """Advances the virtual time instead of waiting, unless the loop waits only for a thread."""

    loop: "_VirtualTime"

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(None if timeout is None else 0)
        if not events and timeout:
            self.loop.now += timeout
        return events


class _VirtualTime(asyncio.SelectorEventLoop):
    """An event loop with virtual time."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.now = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.now
