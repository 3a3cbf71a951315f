"""Steps with routers."""

from typing import Any, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed
from rallycross.scenarios.neutron.steps.networks import EXTERNAL, Network, list_networks

Router = dict[str, Any]


class RouterUpdates(TypedDict, total=False):
    """Options of an existing router, by the API's names."""

    admin_state_up: bool
    description: str
    distributed: bool
    external_gateway_info: dict[str, Any] | None
    ha: bool


class RouterOptions(RouterUpdates, total=False):
    """Options of a new router, by Rally's names."""

    availability_zone_hints: list[str]
    discover_external_gw: bool  # its gateway is the first external network, unless `external_gateway_info` names one
    enable_snat: bool  # of such a gateway
    flavor_id: str
    project_id: str
    service_type_id: str


@step("neutron.create_router")
async def create_router(user: User, **options: Unpack[RouterOptions]) -> Router:
    """Create a router."""
    discover, snat = options.pop("discover_external_gw", False), options.pop("enable_snat", False)
    body: dict[str, Any] = {"name": user.name(), **options}
    if discover and "external_gateway_info" not in body and (outside := await list_networks(user, EXTERNAL)):
        body["external_gateway_info"] = {"network_id": outside[0]["id"], **({"enable_snat": True} if snat else {})}
    router: Router = (await user.post("network", "/routers", {"router": body}))["router"]
    return router


@step("neutron.show_router")
async def show_router(user: User, router: Router) -> Router:
    """Request a router by its id."""
    found: Router = (await user.get("network", f"/routers/{router['id']}"))["router"]
    return found


@step("neutron.update_router")
async def update_router(user: User, router: Router, **updates: Unpack[RouterUpdates]) -> Router:
    """Change a router."""
    updated: Router = (await user.put("network", f"/routers/{router['id']}", {"router": updates}))["router"]
    return updated


@step("neutron.delete_router")
async def delete_router(user: User, router: Router) -> None:
    """Delete a router."""
    await user.delete("network", f"/routers/{router['id']}")


@step("neutron.list_routers")
async def list_routers(user: User) -> list[Router]:
    """List the routers that the user sees."""
    return await listed(user, "/routers", "routers", {})


@step("neutron.add_interface_router")
async def add_interface(user: User, router: Router, subnet: dict[str, Any]) -> None:
    """Join a subnet to a router."""
    await user.put("network", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})


@step("neutron.remove_interface_router")
async def remove_interface(user: User, router: Router, subnet: dict[str, Any]) -> None:
    """Part a subnet from a router."""
    await user.put("network", f"/routers/{router['id']}/remove_router_interface", {"subnet_id": subnet["id"]})


@step("neutron.add_gateway_router")
async def add_gateway(user: User, router: Router, network: Network, *, enable_snat: bool | None = None) -> None:
    """Give a router a gateway to an external network. `enable_snat` is sent to clouds that know it."""
    gateway = {"network_id": network["id"]}
    if enable_snat is not None and any(one["alias"] == "ext-gw-mode" for one in await list_extensions(user)):
        gateway["enable_snat"] = enable_snat
    await user.put("network", f"/routers/{router['id']}", {"router": {"external_gateway_info": gateway}})


@step("neutron.remove_gateway_router")
async def remove_gateway(user: User, router: Router) -> None:
    """Take a router's gateway away."""
    await user.put("network", f"/routers/{router['id']}", {"router": {"external_gateway_info": {}}})


@step("neutron.list_extension")
async def list_extensions(user: User) -> list[dict[str, Any]]:
    """List neutron's extensions."""
    return await listed(user, "/extensions", "extensions", {})
