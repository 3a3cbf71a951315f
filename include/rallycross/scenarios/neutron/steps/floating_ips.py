"""Steps with floating IPs."""

from typing import Any, TypedDict, Unpack

from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed
from rallycross.scenarios.neutron.steps.networks import EXTERNAL, Network, list_networks
from rallycross.scenarios.neutron.steps.ports import Port, list_ports

FloatingIp = dict[str, Any]


class FloatingIpOptions(TypedDict, total=False):
    """Options of a new floating IP, by the API's names."""

    dns_domain: str
    dns_name: str
    fixed_ip_address: str
    floating_ip_address: str
    port_id: str
    project_id: str
    subnet_id: str


async def external_network(user: User, identifier: str | None = None) -> Network:
    """Find the external network of an id or name, or the first one. As in Rally, this is a list request."""
    networks = await list_networks(user, None if identifier else EXTERNAL)
    for network in networks:
        if identifier in {None, network["id"], network["name"]}:
            return network
    what = f"no network {identifier}" if identifier else "no external network"
    raise RallycrossError(f"the user sees {what} to take a floating IP from - create one, or name it")


@step("neutron.create_floating_ip")
async def create_floating_ip(
    user: User, network: Network | str | None = None, **options: Unpack[FloatingIpOptions]
) -> FloatingIp:
    """Create a floating IP in an external network: the given one, that of the given id, or the first one."""
    if not isinstance(network, dict):
        network = await external_network(user, network)
    # A floating IP does not have a name, so the clean-up finds it by its description.
    body = {"description": user.name(), "floating_network_id": network["id"], **options}
    floating_ip: FloatingIp = (await user.post("network", "/floatingips", {"floatingip": body}))["floatingip"]
    return floating_ip


@step("neutron.delete_floating_ip")
async def delete_floating_ip(user: User, floating_ip: FloatingIp) -> None:
    """Delete a floating IP."""
    await user.delete("network", f"/floatingips/{floating_ip['id']}")


@step("neutron.list_floating_ips")
async def list_floating_ips(user: User) -> list[FloatingIp]:
    """List the floating IPs that the user sees."""
    return await listed(user, "/floatingips", "floatingips", {})


@step("neutron.update_floating_ip")
async def _update(user: User, floating_ip: FloatingIp, updates: dict[str, str | None]) -> FloatingIp:
    path = f"/floatingips/{floating_ip['id']}"
    updated: FloatingIp = (await user.put("network", path, {"floatingip": updates}))["floatingip"]
    return updated


@step("neutron.associate_floating_ip")
async def associate_floating_ip(
    user: User,
    floating_ip: FloatingIp,
    *,
    port: Port | None = None,
    server: dict[str, Any] | None = None,
    fixed_address: str = "",
) -> FloatingIp:
    """Associate a floating IP with a port, or with the first port of a server."""
    if port is None:
        device = server["id"] if server else ""
        ports = await list_ports(user, {"device_id": device})
        if not ports:
            raise RallycrossError(f"server {device} has no port for a floating IP - boot it on a network")
        port = ports[0]
    address = {"fixed_ip_address": fixed_address} if fixed_address else {}
    return await _update(user, floating_ip, {"port_id": port["id"], **address})


@step("neutron.dissociate_floating_ip")
async def dissociate_floating_ip(user: User, floating_ip: FloatingIp) -> FloatingIp:
    """Part a floating IP from its port."""
    return await _update(user, floating_ip, {"port_id": None})
