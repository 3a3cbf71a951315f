"""Steps with the network interfaces of a server."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.servers import Server

Interface = dict[str, Any]


@step("nova.list_interfaces")
async def list_interfaces(user: User, server: Server) -> list[Interface]:
    """List the interfaces of a server."""
    path = f"/servers/{server['id']}/os-interface"
    found: list[Interface] = (await user.get("compute", path))["interfaceAttachments"]
    return found


@step("nova.attach_interface")
async def attach_interface(user: User, server: Server, network: str) -> Interface:
    """Attach a new interface in a network, given by its id, to a server."""
    body = {"interfaceAttachment": {"net_id": network}}
    path = f"/servers/{server['id']}/os-interface"
    attached: Interface = (await user.post("compute", path, body))["interfaceAttachment"]
    return attached
