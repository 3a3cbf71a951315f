"""Steps with trunks: ports that carry the traffic of further ports, their subports, each in a VLAN of its own."""

from collections.abc import Sequence
from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed
from rallycross.scenarios.neutron.steps.ports import Port

Trunk = dict[str, Any]
Subport = dict[str, Any]


def subports_of(ports: Sequence[Port], first_vlan: int = 1) -> list[Subport]:
    """Return ports as the subports of a trunk, in VLANs that count on from `first_vlan`."""
    return [
        {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": vlan}
        for vlan, port in enumerate(ports, start=first_vlan)
    ]


@step("neutron.create_trunk")
async def create_trunk(user: User, parent: Port, subports: Sequence[Subport] = ()) -> Trunk:
    """Make a port the parent of a trunk."""
    body: dict[str, Any] = {"name": user.name(), "port_id": parent["id"]}
    if subports:
        body["sub_ports"] = list(subports)
    trunk: Trunk = (await user.post("network", "/trunks", {"trunk": body}))["trunk"]
    return trunk


@step("neutron._add_subports_to_trunk")
async def add_subports(user: User, trunk: Trunk, subports: Sequence[Subport]) -> None:
    """Add subports to a trunk."""
    await user.put("network", f"/trunks/{trunk['id']}/add_subports", {"sub_ports": list(subports)})


@step("neutron.list_trunks")
async def list_trunks(user: User) -> list[Trunk]:
    """List the trunks that the user sees."""
    return await listed(user, "/trunks", "trunks", {})


@step("neutron.list_subports_by_trunk")
async def list_subports(user: User, trunk: Trunk) -> list[Subport]:
    """List the subports of a trunk."""
    found: list[Subport] = (await user.get("network", f"/trunks/{trunk['id']}/get_subports"))["sub_ports"]
    return found
