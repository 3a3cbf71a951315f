"""Which node gets which roles: pure functions over what Nailgun says of its nodes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rallycross.deployment.engines.fuel.hardware import described, fits
from rallycross.errors import RallycrossError

Node = Mapping[str, Any]  # as Nailgun has it


@dataclass(frozen=True)
class Slot:
    """One node that is wanted."""

    roles: str  # as the spec has them, such as "cinder+compute"
    filters: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The roles one by one, as Nailgun takes them."""
        return sorted(self.roles.split("+"))


def place(wanted: Mapping[str, Any], nodes: Sequence[Node], cluster: int) -> dict[int, list[str]]:
    """Return the roles to be given to nodes that have none yet, by a node's id; raise `RallycrossError`.

    `wanted` is the spec's `nodes`. What the environment `cluster` has already counts, so a second call goes on where a
    first was cut off. A node that only one role can take is left to that role.
    """
    slots = [Slot(roles, tuple(one["filters"])) for roles, one in wanted.items() for _ in range(one["amount"])]
    for member in (node for node in nodes if node["cluster"] == cluster):
        slot = next((slot for slot in slots if slot.names == roles_of(member)), None)
        if slot is None:
            raise RallycrossError(
                f"{name_of(member)} is in the environment as {'+'.join(roles_of(member)) or 'nothing'}, for which"
                " `nodes` has no more room - take it out in Fuel, or raise the amount"
            )
        slots.remove(slot)
    free = [node for node in sorted(nodes, key=lambda node: int(node["id"])) if not _why_not(node)]
    taken: dict[int, int] = {}  # place in `free` -> place in `slots`
    for index in range(len(slots)):
        if not _seat(index, slots, free, taken, set()):
            raise RallycrossError("\n".join(_shortage(slots[index].roles, wanted, nodes)))
    return {int(free[seat]["id"]): slots[index].names for seat, index in sorted(taken.items())}


def roles_of(node: Node) -> list[str]:
    """Return a node's roles, those that a deployment is to give it too."""
    return sorted({*(node.get("roles") or []), *(node.get("pending_roles") or [])})


def name_of(node: Node) -> str:
    """Return how a node is called in messages."""
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
    """Return why a node cannot be taken, or nothing."""
    if node["cluster"] is not None:
        return f"in the environment {node['cluster']}"
    if not node.get("online"):
        return "offline"
    if node.get("status") != "discover":
        return f"in the state {node.get('status')}"
    return ""


def _shortage(roles: str, wanted: Mapping[str, Any], nodes: Sequence[Node]) -> Iterator[str]:
    """Yield what there is and what speaks against it, and at last, where a log is cut least, what is wanted."""
    one = wanted[roles]
    for node in nodes:
        why = _why_not(node) or ("fits" if fits(node, one["filters"]) else "does not fit")
        yield f"{name_of(node)}: {why}; {described(node)}"
    filters = f" with {', '.join(one['filters'])}" if one["filters"] else ""
    yield (
        f"Fuel lacks nodes for {roles}: wanted are {one['amount']}{filters}, beside those of other roles; it has"
        f" {'those above' if nodes else 'none'} - add nodes, or ask for less"
    )
