"""Sentences about faults, as os-faults understands them: "kill nova-api service on one node". Pure."""

import re
from dataclasses import dataclass

SERVICE_ACTS = ("restart", "kill", "stop", "start", "terminate", "freeze", "unfreeze")
NODE_ACTS = ("reboot", "reset", "poweroff", "shutdown")
NETWORK_ACTS = ("connect", "disconnect")
ONE = "one"  # of all nodes, a random one

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
    """A sentence says nothing that can be done. The message says what can be said."""


@dataclass(frozen=True)
class Sentence:
    """What is to be done, and on which nodes."""

    act: str
    service: str = ""  # what is acted on; of an act on nodes: only on those that have this service
    network: str = ""
    node: str = ""  # a name; `ONE`; "" = all
    seconds: int | None = None  # after which it is undone; None = at the end of the load

    @property
    def on_node(self) -> bool:
        """Whether it acts on nodes as a whole."""
        return self.act in NODE_ACTS

    def __str__(self) -> str:
        return f"{self.act} {self.network or self.service or 'node'}"


def understand(text: str) -> Sentence:
    """Return what a sentence says; raise `NotUnderstood`."""
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
    raise NotUnderstood(f"is no fault that is understood: {'; '.join(_UNDERSTOOD)}")
