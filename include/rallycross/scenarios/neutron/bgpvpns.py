"""Scenarios about BGP VPNs."""

import random
from typing import Literal

from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import bgpvpns
from rallycross.scenarios.neutron.steps.bgpvpns import Targets

Kind = Literal["l2", "l3"]


@scenario(
    "NeutronBGPVPN.create_and_delete_bgpvpns", services=["network"], extensions=["bgpvpn"], admin_cleanup=["neutron"]
)
async def create_and_delete_bgpvpns(
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN, then delete it."""
    routing = _routing(route_targets, import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, **routing)
    await bgpvpns.delete_bgpvpn(admin, bgpvpn)


@scenario(
    "NeutronBGPVPN.create_and_list_bgpvpns", services=["network"], extensions=["bgpvpn"], admin_cleanup=["neutron"]
)
async def create_and_list_bgpvpns(
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN, then list all of them; the list must have it."""
    routing = _routing(route_targets, import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, **routing)
    _expect(bgpvpn["id"], [one["id"] for one in await bgpvpns.list_bgpvpns(admin)], "BGP VPNs")


@scenario(
    "NeutronBGPVPN.create_and_update_bgpvpns", services=["network"], extensions=["bgpvpn"], admin_cleanup=["neutron"]
)
async def create_and_update_bgpvpns(
    admin: User,
    *,
    update_name: bool = False,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    updated_route_targets: Targets = None,
    updated_import_targets: Targets = None,
    updated_export_targets: Targets = None,
    updated_route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN, then change its routing. What the task file does not give is emptied, as in Rally."""
    routing = _routing(route_targets, import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, **routing)
    updated = _routing(
        updated_route_targets, updated_import_targets, updated_export_targets, updated_route_distinguishers
    )
    await bgpvpns.update_bgpvpn(admin, bgpvpn, name=update_name, **updated)


@scenario(
    "NeutronBGPVPN.create_bgpvpn_assoc_disassoc_networks",
    services=["network"],
    extensions=["bgpvpn"],
    requires=["network", "servers"],
    admin_cleanup=["neutron"],
    cleanup=["neutron"],
)
async def create_bgpvpn_assoc_disassoc_networks(
    user: User,
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN for a network of the project, associate the two, and part them."""
    routing = _routing(route_targets or _target(), import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, project=user.tenant.id, **routing)
    association = await bgpvpns.associate_network(user, bgpvpn, _network(user))
    await bgpvpns.dissociate_network(user, bgpvpn, association)


@scenario(
    "NeutronBGPVPN.create_bgpvpn_assoc_disassoc_routers",
    services=["network"],
    extensions=["bgpvpn"],
    requires=["network", "servers"],
    admin_cleanup=["neutron"],
    cleanup=["neutron"],
)
async def create_bgpvpn_assoc_disassoc_routers(
    user: User,
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN for a router of the project, associate the two, and part them."""
    routing = _routing(route_targets or _target(), import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, project=user.tenant.id, **routing)
    association = await bgpvpns.associate_router(user, bgpvpn, _router(user))
    await bgpvpns.dissociate_router(user, bgpvpn, association)


@scenario(
    "NeutronBGPVPN.create_and_list_networks_associations",
    services=["network"],
    extensions=["bgpvpn"],
    requires=["network", "servers"],
    admin_cleanup=["neutron"],
)
async def create_and_list_networks_associations(
    user: User,
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN, associate a network with it, and list its networks; the list must have this one."""
    routing = _routing(route_targets or _target(), import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, project=user.tenant.id, **routing)
    network = _network(user)
    await bgpvpns.associate_network(user, bgpvpn, network)
    found = await bgpvpns.list_network_associations(user, bgpvpn)
    _expect(network, [one["network_id"] for one in found], "associated networks")


@scenario(
    "NeutronBGPVPN.create_and_list_routers_associations",
    services=["network"],
    extensions=["bgpvpn"],
    requires=["network", "servers"],
    admin_cleanup=["neutron"],
)
async def create_and_list_routers_associations(
    user: User,
    admin: User,
    *,
    route_targets: Targets = None,
    import_targets: Targets = None,
    export_targets: Targets = None,
    route_distinguishers: Targets = None,
    bgpvpn_type: Kind = "l3",
) -> None:
    """Create a BGP VPN, associate a router with it, and list its routers; the list must have this one."""
    routing = _routing(route_targets or _target(), import_targets, export_targets, route_distinguishers)
    bgpvpn = await bgpvpns.create_bgpvpn(admin, bgpvpn_type, project=user.tenant.id, **routing)
    router = _router(user)
    await bgpvpns.associate_router(user, bgpvpn, router)
    found = await bgpvpns.list_router_associations(user, bgpvpn)
    _expect(router, [one["router_id"] for one in found], "associated routers")


def _routing(targets: Targets, imports: Targets, exports: Targets, distinguishers: Targets) -> bgpvpns.Routing:
    return {
        "route_targets": targets,
        "import_targets": imports,
        "export_targets": exports,
        "route_distinguishers": distinguishers,
    }


def _target() -> str:
    """Return a random route target, so that iterations do not share one."""
    return f"{random.randint(0, 2**16 - 1)}:{random.randint(0, 2**32 - 1)}"  # noqa: S311 - no secret


def _network(user: User) -> str:
    """Return the first network that the context `network` has made in the project."""
    return str(user.tenant.resources["networks"][0]["id"])


def _router(user: User) -> str:
    """Return the router of that network."""
    router = user.tenant.resources["networks"][0]["router_id"]
    if not router:
        raise RallycrossError("the context `network` has made no router - remove its empty `router`")
    return str(router)


def _expect(identifier: str, found: list[str], what: str) -> None:
    if identifier not in found:
        raise RallycrossError(f"{identifier} is not in the list of {what}, which has {len(found)}")
