"""Steps with the floating IPs of a server."""

from rallycross.cloud.condition import Also, becomes
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import floating_ips
from rallycross.scenarios.neutron.steps.floating_ips import FloatingIp
from rallycross.scenarios.nova.steps.servers import SERVER, Server

ADDRESS_LIMIT = 60.0  # seconds until nova must show a changed address; Rally's default
_POLLING = RallyPolling(before=0, between=1)


@step("nova.associate_floating_ip")
async def associate_floating_ip(user: User, server: Server, floating_ip: FloatingIp) -> None:
    """Associate a floating IP with a server, and wait until nova shows it as an address of the server."""
    associated = await floating_ips.associate_floating_ip(user, floating_ip, server=server)
    address = associated["floating_ip_address"]
    await _wait(user, server, Also(f"with the address {address}", lambda seen: address in addresses(seen)))


@step("nova.dissociate_floating_ip")
async def dissociate_floating_ip(user: User, server: Server, floating_ip: FloatingIp) -> None:
    """Part a floating IP from a server, and wait until nova no longer shows it as an address of the server."""
    parted = await floating_ips.dissociate_floating_ip(user, floating_ip)
    address = parted["floating_ip_address"]
    await _wait(user, server, Also(f"without the address {address}", lambda seen: address not in addresses(seen)))


def addresses(server: Server) -> set[str]:
    """Return all addresses of a server."""
    return {one["addr"] for network in server["addresses"].values() for one in network}


async def _wait(user: User, server: Server, also: Also) -> None:
    await user.wait(becomes(SERVER, server["id"], "ACTIVE", limit=ADDRESS_LIMIT, also=also), _POLLING)
