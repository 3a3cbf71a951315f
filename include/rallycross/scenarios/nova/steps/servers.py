"""Steps with servers: boot, show, list, change, delete."""

from collections.abc import Mapping
from typing import Any, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.versions import as_numbers
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.server_options import ServerOptions, microversion_for, server_request

# Seconds until a server must have the expected status; Rally's defaults.
BOOT_LIMIT = 300.0
DELETE_LIMIT = 300.0
_BOOT = RallyPolling(before=1, between=2)
_ONE_MORE = RallyPolling(before=0, between=2)
_DELETE = RallyPolling(before=0, between=2)

SERVER = resource("nova.servers")

_NAMES_NETWORKS = (2, 37)  # the first microversion in which a request for a server must name its networks

Server = dict[str, Any]


async def boot_server(
    user: User, image: str, flavor: str, *, least: str = "", **options: Unpack[ServerOptions]
) -> Server:
    """Boot a server, and wait until it is ACTIVE. `image` is "" if the server boots from a volume.

    Without `nics` it is attached to the first network of its project that the contexts made. It is in the security
    group of the context `allow_ssh`. `least` is the least microversion of the request.
    """
    options = await _completed(user, options)
    if group := user.actor.secgroup if user.actor else {}:
        groups = options.get("security_groups", [])
        options["security_groups"] = groups if group["name"] in groups else [*groups, group["name"]]
    asked = {"name": user.name(), "imageRef": image, "flavorRef": flavor}
    body, microversion = await _request(user, asked, options, least)
    with user.action("nova.boot_server"):
        created = (await user.post("compute", "/servers", body, microversion=microversion))["server"]
        return await user.wait(becomes(SERVER, created["id"], "ACTIVE", limit=BOOT_LIMIT), _BOOT)


async def boot_servers(
    user: User, image: str, flavor: str, count: int, **options: Unpack[ServerOptions]
) -> list[Server]:
    """Boot `count` servers by one request, and wait until all are ACTIVE."""
    options = await _completed(user, options)
    options["min_count"] = options["max_count"] = count
    # A reservation names all servers of the request. Without it the answer names only one of them.
    asked = {"name": user.name(), "imageRef": image, "flavorRef": flavor, "return_reservation_id": True}
    body, microversion = await _request(user, asked, options)
    with user.action("nova.boot_servers"):
        reserved = await user.post("compute", "/servers", body, microversion=microversion)
        made = await user.get("compute", "/servers", reservation_id=reserved["reservation_id"], limit=str(count))
        booted: list[Server] = []
        for server in made["servers"]:
            polling = _ONE_MORE if booted else _BOOT
            booted.append(await user.wait(becomes(SERVER, server["id"], "ACTIVE", limit=BOOT_LIMIT), polling))
        return booted


async def _completed(user: User, options: ServerOptions) -> ServerOptions:
    """Return options with the networks that the contexts made, and with the ids of networks that are given by name."""
    complete = options.copy()
    in_turn = complete.pop("auto_assign_nic", False)
    networks = user.tenant.resources.get("networks") if user.actor else None
    if networks and (not complete.get("nics") if in_turn else "nics" not in complete):
        network = networks[user.iteration.number % len(networks) if in_turn else 0]
        complete["nics"] = [{"net-id": network["id"]}]
    if nics := complete.get("nics"):
        complete["nics"] = [await _with_id(user, nic) for nic in nics]
    return complete


async def _request(
    user: User, asked: dict[str, Any], options: ServerOptions, least: str = ""
) -> tuple[dict[str, Any], str]:
    """Return the body of a request for servers, and its microversion."""
    body, microversion = server_request(asked, options), microversion_for(options, least=least)
    sent = microversion or (await user.client.access()).microversions.get("compute", "")
    if sent == "latest" or (sent and as_numbers(sent) >= _NAMES_NETWORKS):
        body["server"].setdefault("networks", "auto")  # as the openstack command does
    return body, microversion


async def _with_id(user: User, nic: dict[str, str]) -> dict[str, str]:
    if "net-name" not in nic:
        return nic
    name = nic["net-name"]
    others = {key: value for key, value in nic.items() if key != "net-name"}
    if "net-id" in nic:
        return others
    found = (await user.get("network", "/networks", name=name))["networks"]
    if not found:
        raise LookupError(f"nics: the user has no network '{name}' - name one of the user's networks")
    return {"net-id": found[0]["id"], **others}


async def delete_server(user: User, server: Server, *, force: bool = False) -> None:
    """Delete a server, and wait until it is gone."""
    with user.action("nova.force_delete_server" if force else "nova.delete_server"):
        await _delete(user, server, force=force)
        await user.wait(goes(SERVER, server["id"], limit=DELETE_LIMIT), _DELETE)


async def delete_servers(user: User, servers: list[Server], *, force: bool = False) -> None:
    """Delete servers by a request each, and wait until all are gone."""
    with user.action("nova.force_delete_servers" if force else "nova.delete_servers"):
        for server in servers:
            await _delete(user, server, force=force)
        for server in servers:
            await user.wait(goes(SERVER, server["id"], limit=DELETE_LIMIT), _DELETE)


async def _delete(user: User, server: Server, *, force: bool) -> None:
    if force:
        await user.post("compute", f"/servers/{server['id']}/action", {"forceDelete": None})
    else:
        await user.delete("compute", f"/servers/{server['id']}")


@step("nova.list_servers")
async def list_servers(user: User, *, detailed: bool = True, filters: Mapping[str, str] | None = None) -> list[Server]:
    """List the servers of the user's project."""
    return await list_all(user, "compute", "/servers/detail" if detailed else "/servers", "servers", filters)


@step("nova.show_server")
async def show_server(user: User, server: Server) -> Server:
    """Show a server."""
    shown: Server = (await user.get("compute", f"/servers/{server['id']}"))["server"]
    return shown


@step("nova.update_server")
async def update_server(user: User, server: Server, description: str | None = None) -> Server:
    """Give a server a new name, and a description."""
    change, microversion = {"name": user.name()}, ""
    if description:
        change["description"], microversion = description, "2.19"
    path = f"/servers/{server['id']}"
    updated: Server = (await user.put("compute", path, {"server": change}, microversion=microversion))["server"]
    return updated


@step("nova.get_console_output_server")
async def get_console_output(user: User, server: Server, length: int | None = None) -> str:
    """Get the last `length` lines of a server's console; all of them with None or -1."""
    body = {"os-getConsoleOutput": {"length": length}}
    output: str = (await user.post("compute", f"/servers/{server['id']}/action", body))["output"]
    return output


CONSOLES = "2.8"  # the first microversion in which all types of consoles are requested in the same way
_PROTOCOLS = {
    "novnc": "vnc",
    "xvpvnc": "vnc",
    "spice-html5": "spice",
    "rdp-html5": "rdp",
    "serial": "serial",
    "webmks": "mks",
}


@step("nova.get_console_url_server")
async def get_console_url(user: User, server: Server, console_type: str) -> str:
    """Get the URL of a server's console."""
    body = {"remote_console": {"protocol": _PROTOCOLS[console_type], "type": console_type}}
    path = f"/servers/{server['id']}/remote-consoles"
    url: str = (await user.post("compute", path, body, microversion=CONSOLES))["remote_console"]["url"]
    return url
