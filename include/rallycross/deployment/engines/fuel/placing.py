"""Assigns roles to nodes. Pure functions over Nailgun's nodes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rallycross.deployment.engines.fuel.hardware import described, fits
from rallycross.errors import RallycrossError

Node = Mapping[str, Any]  # as Nailgun returns it


@dataclass(frozen=True)
class Slot:
    """One node that the spec asks for."""

    roles: str  # as in the spec, such as "cinder+compute"
    filters: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The list of roles, for Nailgun."""
        return sorted(self.roles.split("+"))


def place(wanted: Mapping[str, Any], nodes: Sequence[Node], cluster: int) -> dict[int, list[str]]:
    """Return the roles to assign, by node id; raise `RallycrossError` if there are too few suitable nodes.

    `wanted` is the spec's `nodes`. Nodes that the environment `cluster` has already count, so a call continues an
    interrupted one. The assignment fills all roles if that is possible at all.
    """
    slots = [Slot(roles, tuple(one["filters"])) for roles, one in wanted.items() for _ in range(one["amount"])]
    for member in (node for node in nodes if node["cluster"] == cluster):
        slot = next((slot for slot in slots if slot.names == roles_of(member)), None)
        if slot is None:
            raise RallycrossError(
                f"{name_of(member)} is in the environment as {'+'.join(roles_of(member)) or 'nothing'}, which exceeds"
                " the amount in `nodes` - remove the node in Fuel, or raise the amount"
            )
        slots.remove(slot)
    free = [node for node in sorted(nodes, key=lambda node: int(node["id"])) if not _why_not(node)]
    taken: dict[int, int] = {}  # index in `free` -> index in `slots`
    for index in range(len(slots)):
        if not _seat(index, slots, free, taken, set()):
            raise RallycrossError("\n".join(_shortage(slots[index].roles, wanted, nodes)))
    return {int(free[seat]["id"]): slots[index].names for seat, index in sorted(taken.items())}


def roles_of(node: Node) -> list[str]:
    """Return a node's roles, including pending ones."""
    return sorted({*(node.get("roles") or []), *(node.get("pending_roles") or [])})


def name_of(node: Node) -> str:
    """Return the name of a node for messages."""
    return f"node {node.get('name') or node['id']} ({node['mac']})"


def _seat(index: int, slots: Sequence[Slot], free: Sequence[Node], taken: dict[int, int], tried: set[int]) -> bool:
    """Find a node for a slot, moving others to nodes that fit them as well (Kuhn's algorithm)."""
    for seat, node in enumerate(free):
        if seat in tried or not fits(node, slots[index].filters):
            continue
        tried.add(seat)
        if seat not in taken or _seat(taken[seat], slots, free, taken, tried):
            taken[seat] = index
            return True
    return False


def _why_not(node: Node) -> str:
    """Return why a node cannot be used, or ""."""
    if node["cluster"] is not None:
        return f"in the environment {node['cluster']}"
    if not node.get("online"):
        return "offline"
    if node.get("status") != "discover":
        return f"in the state {node.get('status')}"
    return ""


def _shortage(roles: str, wanted: Mapping[str, Any], nodes: Sequence[Node]) -> Iterator[str]:
    """Yield each node and why it is unsuitable, and last, where a log is never cut, what is missing."""
    one = wanted[roles]
    for node in nodes:
        why = _why_not(node) or ("fits" if fits(node, one["filters"]) else "does not fit")
        yield f"{name_of(node)}: {why}; {described(node)}"
    filters = f" with {', '.join(one['filters'])}" if one["filters"] else ""
    yield (
        f"Fuel has too few nodes for {roles}: {one['amount']}{filters} are needed, besides those of other roles; it has"
        f" {'those above' if nodes else 'none'} - add nodes, or lower the amount"
    )
