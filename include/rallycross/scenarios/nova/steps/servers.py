"""Steps with servers."""

import base64
import random
from typing import Any, Literal, TypedDict, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.arguments import Nics
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# Seconds until a server must have the expected status; Rally's defaults.
BOOT_LIMIT = 300.0
DELETE_LIMIT = 300.0
_BOOT = RallyPolling(before=1, between=2)
_DELETE = RallyPolling(before=2, between=2)

SERVER = resource("nova.servers")

Server = dict[str, Any]


class ServerOptions(TypedDict, total=False):
    """Options of a new server, by novaclient's names, which Rally's task files use."""

    auto_assign_nic: bool  # attach each server to one of the networks that the context `network` made
    availability_zone: str
    block_device_mapping_v2: list[dict[str, Any]]
    config_drive: bool
    disk_config: Literal["AUTO", "MANUAL"]
    key_name: str
    meta: dict[str, str]
    nics: Nics
    scheduler_hints: dict[str, Any]
    security_groups: list[str]
    userdata: str


# The API's names, where they differ.
_API_NAMES = {"disk_config": "OS-DCF:diskConfig", "meta": "metadata"}
_NIC_NAMES = {"net-id": "uuid", "port-id": "port", "v4-fixed-ip": "fixed_ip", "v6-fixed-ip": "fixed_ip"}


@step("nova.boot_server")
async def boot_server(user: User, image: str, flavor: str, **options: Unpack[ServerOptions]) -> Server:
    """Boot a server, and wait until it is ACTIVE."""
    if options.pop("auto_assign_nic", False) and (networks := user.tenant.resources.get("networks")):
        options["nics"] = [{"net-id": random.choice(networks)["id"]}]  # noqa: S311 - no secret
    body = _request({"name": user.name(), "imageRef": image, "flavorRef": flavor}, options)
    created = (await user.post("compute", "/servers", body))["server"]
    return await user.wait(becomes(SERVER, created["id"], "ACTIVE", limit=BOOT_LIMIT), _BOOT)


async def delete_server(user: User, server: Server, *, force: bool = False) -> None:
    """Delete a server, and wait until it is gone."""
    path = f"/servers/{server['id']}"
    with user.action("nova.force_delete_server" if force else "nova.delete_server"):
        if force:
            await user.post("compute", f"{path}/action", {"forceDelete": None})
        else:
            await user.delete("compute", path)
        await user.wait(goes(SERVER, server["id"], limit=DELETE_LIMIT), _DELETE)


@step("nova.list_servers")
async def list_servers(user: User, *, detailed: bool = True) -> list[Server]:
    """List the servers of the user's project."""
    found: list[Server] = (await user.get("compute", "/servers/detail" if detailed else "/servers"))["servers"]
    return found


def _request(server: dict[str, Any], options: ServerOptions) -> dict[str, Any]:
    """Return the body of a request for a server."""
    body: dict[str, Any] = {"server": server}
    for name, value in options.items():
        match name, value:
            case "nics", list(nics):
                server["networks"] = [{_NIC_NAMES.get(key, key): item for key, item in nic.items()} for nic in nics]
            case "scheduler_hints", _:
                body["os:scheduler_hints"] = value
            case "security_groups", list(groups):
                server["security_groups"] = [{"name": group} for group in groups]
            case "userdata", str(text):
                server["user_data"] = base64.b64encode(text.encode()).decode()
            case _:
                server[_API_NAMES.get(name, name)] = value
    return body
