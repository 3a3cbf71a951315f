"""Fault sentences as in os-faults: "kill nova-api service on one node". Pure."""

import re
from dataclasses import dataclass

SERVICE_ACTS = ("restart", "kill", "stop", "start", "terminate", "freeze", "unfreeze")
NODE_ACTS = ("reboot", "reset", "poweroff", "shutdown")
NETWORK_ACTS = ("connect", "disconnect")
ONE = "one"  # a random node

_ONE = frozenset({"one", "random", "single", "some"})
_ALL = frozenset({None, "all"})
_NODE = r"(\s+(?P<node>\S+))?\s+nodes?"
_WITH = r"(\s+with\s+(?P<service>\S+)\s+service)?"
_FOR = r"(\s+for\s+(?P<seconds>\d+)\s+seconds?)?"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<act>{'|'.join(SERVICE_ACTS)})\s+(?P<service>\S+)\s+service(\s+on{_NODE})?{_FOR}",
        rf"(?P<act>{'|'.join(NODE_ACTS)}){_NODE}{_WITH}",
        rf"(?P<act>{'|'.join(NETWORK_ACTS)})\s+(?P<network>\S+)\s+network\s+on{_NODE}{_WITH}",
    )
)
_UNDERSTOOD = (
    f"{'|'.join(SERVICE_ACTS)} <service> service [on (one|all|<node>) nodes] [for <n> seconds, of freeze]",
    f"{'|'.join(NODE_ACTS)} (one|all|<node>) nodes [with <service> service]",
    f"{'|'.join(NETWORK_ACTS)} <network> network on (one|all|<node>) nodes [with <service> service]",
)


class NotUnderstood(ValueError):  # noqa: N818 - reads as what it says
    """A sentence cannot be understood. The message has the valid forms."""


@dataclass(frozen=True)
class Sentence:
    """An act, and the nodes that it applies to."""

    act: str
    service: str = ""  # the service to act on; for acts on nodes: only nodes that have this service
    network: str = ""
    node: str = ""  # a name, `ONE`, or "" = all nodes
    seconds: int | None = None  # until it is undone; None = at the end of the load

    @property
    def on_node(self) -> bool:
        """Whether it acts on nodes as a whole."""
        return self.act in NODE_ACTS

    def __str__(self) -> str:
        return f"{self.act} {self.network or self.service or 'node'}"


def understand(text: str) -> Sentence:
    """Parse a sentence; raise `NotUnderstood`."""
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(text.strip()):
            said = found.groupdict()
            node, seconds = said["node"], said.get("seconds")
            if seconds and said["act"].lower() != "freeze":
                break
            return Sentence(
                act=said["act"].lower(),
                service=said.get("service") or "",
                network=said.get("network") or "",
                node="" if node in _ALL else ONE if node in _ONE else node,
                seconds=int(seconds) if seconds else None,
            )
    raise NotUnderstood(f"is not a known fault; write one of: {'; '.join(_UNDERSTOOD)}")
