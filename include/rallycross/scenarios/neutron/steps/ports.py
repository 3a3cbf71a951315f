"""Steps with ports."""

from typing import Any, TypedDict, Unpack

from rallycross.cloud.pages import next_link
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import Filters, listed
from rallycross.scenarios.neutron.steps.networks import Network

Port = dict[str, Any]

_Binding = TypedDict(
    "_Binding",
    {"binding:host_id": str, "binding:profile": dict[str, Any], "binding:vnic_type": str},
    total=False,
)


class PortUpdates(_Binding, total=False):
    """Options of an existing port, by the API's names."""

    admin_state_up: bool
    allowed_address_pairs: list[dict[str, str]]
    data_plane_status: str | None
    description: str
    device_id: str
    device_owner: str
    dns_domain: str
    dns_name: str
    extra_dhcp_opts: list[dict[str, Any]]
    fixed_ips: list[dict[str, str]]
    hints: dict[str, Any]
    mac_address: str
    mac_learning_enabled: bool
    numa_affinity_policy: str | None
    port_security_enabled: bool
    propagate_uplink_status: bool
    qos_policy_id: str | None
    security_groups: list[str]
    trusted: bool


class PortOptions(PortUpdates, total=False):
    """Options of a new port, by the API's names."""

    device_profile: str
    hardware_offload_type: str
    project_id: str
    tags: list[str]
    tenant_id: str


@step("neutron.create_port")
async def create_port(user: User, network: Network, **options: Unpack[PortOptions]) -> Port:
    """Create a port in a network."""
    body = {"port": _body(user, network, options)}
    port: Port = (await user.post("network", "/ports", body))["port"]
    return port


@step("neutron.create_ports")
async def create_ports(user: User, network: Network, count: int, **options: Unpack[PortOptions]) -> list[Port]:
    """Create several ports in a network by one request."""
    body = {"ports": [_body(user, network, options) for _ in range(count)]}
    ports: list[Port] = (await user.post("network", "/ports", body))["ports"]
    return ports


def _body(user: User, network: Network, options: PortOptions) -> dict[str, Any]:
    return {"name": user.name(), "network_id": network["id"], **options}


@step("neutron.show_port")
async def show_port(user: User, port: Port) -> Port:
    """Request a port by its id."""
    found: Port = (await user.get("network", f"/ports/{port['id']}"))["port"]
    return found


@step("neutron.update_port")
async def update_port(user: User, port: Port, **updates: Unpack[PortUpdates]) -> Port:
    """Change a port."""
    updated: Port = (await user.put("network", f"/ports/{port['id']}", {"port": updates}))["port"]
    return updated


@step("neutron.delete_port")
async def delete_port(user: User, port: Port) -> None:
    """Delete a port."""
    await user.delete("network", f"/ports/{port['id']}")


@step("neutron.list_ports")
async def list_ports(user: User, filters: Filters | None = None) -> list[Port]:
    """List the ports that the user sees."""
    return await listed(user, "/ports", "ports", filters or {})


@step("neutron.list_ports_page")
async def list_ports_page(
    user: User, size: int, *, after: str = "", sort_key: str | None = None
) -> tuple[list[Port], bool]:
    """List one page of the ports that the user sees: those that follow the port with the id `after`.

    The second value is whether the answer links to a further page. The page is shorter than `size` if the cloud allows
    no more.
    """
    more = {"marker": after} if after else {}
    more |= {"sort_key": sort_key, "sort_dir": "asc"} if sort_key else {}
    page = await user.get("network", "/ports", limit=str(size), **more)
    return page["ports"], bool(next_link(page, "ports"))
