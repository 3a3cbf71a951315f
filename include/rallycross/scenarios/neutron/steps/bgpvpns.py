"""Steps with BGP VPNs: links of networks and routers to a VPN outside of the cloud. Only an administrator makes one."""

from typing import Any, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed

Bgpvpn = dict[str, Any]
Association = dict[str, Any]
Targets = list[str] | str | None


class Routing(TypedDict):
    """Where the routes of a BGP VPN come from and go to, by the API's names. None stands for an empty list."""

    route_targets: Targets
    import_targets: Targets
    export_targets: Targets
    route_distinguishers: Targets


@step("neutron.create_bgpvpn")
async def create_bgpvpn(admin: User, kind: str, *, project: str | None = None, **routing: Unpack[Routing]) -> Bgpvpn:
    """Create a BGP VPN of the kind "l2" or "l3", in a project or in the administrator's own."""
    body: dict[str, Any] = {
        "name": admin.name(),
        "type": kind,
        **routing,
        **({"project_id": project} if project else {}),
    }
    bgpvpn: Bgpvpn = (await admin.post("network", "/bgpvpn/bgpvpns", {"bgpvpn": body}))["bgpvpn"]
    return bgpvpn


@step("neutron.update_bgpvpn")
async def update_bgpvpn(admin: User, bgpvpn: Bgpvpn, *, name: bool = False, **routing: Unpack[Routing]) -> Bgpvpn:
    """Replace the routing of a BGP VPN, and its name if that is asked for."""
    body = {"bgpvpn": {**routing, **({"name": admin.name()} if name else {})}}
    updated: Bgpvpn = (await admin.put("network", _path(bgpvpn), body))["bgpvpn"]
    return updated


@step("neutron.delete_bgpvpn")
async def delete_bgpvpn(admin: User, bgpvpn: Bgpvpn) -> None:
    """Delete a BGP VPN, with its associations."""
    await admin.delete("network", _path(bgpvpn))


@step("neutron.list_bgpvpns")
async def list_bgpvpns(admin: User) -> list[Bgpvpn]:
    """List all BGP VPNs."""
    return await listed(admin, "/bgpvpn/bgpvpns", "bgpvpns", {})


@step("neutron.create_bgpvpn_network_assoc")
async def associate_network(user: User, bgpvpn: Bgpvpn, network: str) -> Association:
    """Associate a network with a BGP VPN of its project."""
    return await _associate(user, bgpvpn, "network", network)


@step("neutron.delete_bgpvpn_network_assoc")
async def dissociate_network(user: User, bgpvpn: Bgpvpn, association: Association) -> None:
    """Delete a network's association."""
    await user.delete("network", f"{_path(bgpvpn)}/network_associations/{association['id']}")


@step("neutron.list_bgpvpn_network_assocs")
async def list_network_associations(user: User, bgpvpn: Bgpvpn) -> list[Association]:
    """List the networks that are associated with a BGP VPN."""
    return await listed(user, f"{_path(bgpvpn)}/network_associations", "network_associations", {})


@step("neutron.create_bgpvpn_router_assoc")
async def associate_router(user: User, bgpvpn: Bgpvpn, router: str) -> Association:
    """Associate a router with a BGP VPN of its project."""
    return await _associate(user, bgpvpn, "router", router)


@step("neutron.delete_bgpvpn_router_assoc")
async def dissociate_router(user: User, bgpvpn: Bgpvpn, association: Association) -> None:
    """Delete a router's association."""
    await user.delete("network", f"{_path(bgpvpn)}/router_associations/{association['id']}")


@step("neutron.list_bgpvpn_router_assocs")
async def list_router_associations(user: User, bgpvpn: Bgpvpn) -> list[Association]:
    """List the routers that are associated with a BGP VPN."""
    return await listed(user, f"{_path(bgpvpn)}/router_associations", "router_associations", {})


async def _associate(user: User, bgpvpn: Bgpvpn, what: str, identifier: str) -> Association:
    key, body = f"{what}_association", {f"{what}_id": identifier}
    association: Association = (await user.post("network", f"{_path(bgpvpn)}/{key}s", {key: body}))[key]
    return association


def _path(bgpvpn: Bgpvpn) -> str:
    return f"/bgpvpn/bgpvpns/{bgpvpn['id']}"
