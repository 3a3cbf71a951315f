"""Scenarios that boot, show, list, update and delete servers."""

from typing import Annotated, Literal, Unpack

from rallycross.scenario.arguments import Argument, Flavor, Image, Seconds, Since
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions, UndescribedServerOptions
from rallycross.task.bounds import THINGS

AtLeastOne = Annotated[int, Argument({"type": "integer", "minimum": 1, "maximum": THINGS})]
Lines = Annotated[int, Argument({"type": "integer", "minimum": -1})]
Filters = Annotated[
    dict[str, str | int | bool],
    Argument(
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "integer", "boolean"]}}
    ),
]
ConsoleType = Literal["novnc", "xvpvnc", "spice-html5", "rdp-html5", "serial", "webmks"]


@scenario("NovaServers.boot_server", services=["compute", "image"], cleanup=["nova"])
async def boot_server(user: User, image: Image, flavor: Flavor, **options: Unpack[ServerOptions]) -> None:
    """Boot a server. The clean-up deletes it."""
    await servers.boot_server(user, image, flavor, **options)


@scenario("NovaServers.boot_many_servers", services=["compute", "image"], cleanup=["nova"])
async def boot_many_servers(
    user: User, image: Image, flavor: Flavor, count: AtLeastOne = 10, **options: Unpack[ServerOptions]
) -> None:
    """Boot many servers by one request, which the scheduler places together. The clean-up deletes them."""
    await servers.boot_servers(user, image, flavor, count, **options)


@scenario("NovaServers.boot_and_delete_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_delete_server(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await user.pause(min_sleep, max_sleep)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.boot_and_delete_multiple_servers", services=["compute", "image"], cleanup=["nova"])
async def boot_and_delete_multiple_servers(
    user: User,
    image: Image,
    flavor: Flavor,
    count: AtLeastOne = 2,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot several servers by one request, then delete them."""
    booted = await servers.boot_servers(user, image, flavor, count, **options)
    await user.pause(min_sleep, max_sleep)
    await servers.delete_servers(user, booted, force=force_delete)


@scenario("NovaServers.boot_and_list_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_list_server(
    user: User, image: Image, flavor: Flavor, *, detailed: bool = True, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, then list all servers of its project: one more in each iteration."""
    server = await servers.boot_server(user, image, flavor, **options)
    listed = await servers.list_servers(user, detailed=detailed)
    if server["id"] not in {one["id"] for one in listed}:
        raise LookupError(f"server {server['id']} is ACTIVE, but the list of servers does not have it")


@scenario("NovaServers.list_servers", services=["compute"])
async def list_servers(user: User, *, detailed: bool = True) -> None:
    """List the servers of a project."""
    await servers.list_servers(user, detailed=detailed)


@scenario("NovaServers.list_servers_with_filters", services=["compute"])
async def list_servers_with_filters(user: User, filters: Filters, *, detailed: bool = True) -> None:
    """List the servers of a project that match filters, also those without an index: `name`, `ip`, `status` ..."""
    asked = {name: str(value) for name, value in filters.items()}
    await servers.list_servers(user, detailed=detailed, filters=asked)


@scenario("NovaServers.boot_and_show_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_show_server(user: User, image: Image, flavor: Flavor, **options: Unpack[ServerOptions]) -> None:
    """Boot a server, then show it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await servers.show_server(user, server)


@scenario("NovaServers.boot_and_update_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_update_server(
    user: User,
    image: Image,
    flavor: Flavor,
    description: Annotated[str, Since("compute", "2.19")] | None = None,
    **options: Unpack[UndescribedServerOptions],
) -> None:
    """Boot a server, then give it a new name and a description."""
    server = await servers.boot_server(user, image, flavor, **options)
    await servers.update_server(user, server, description)


@scenario("NovaServers.boot_and_get_console_output", services=["compute", "image"], cleanup=["nova"])
async def boot_and_get_console_output(
    user: User, image: Image, flavor: Flavor, length: Lines | None = None, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, then get the last lines of its console."""
    server = await servers.boot_server(user, image, flavor, **options)
    await servers.get_console_output(user, server, length)


@scenario(
    "NovaServers.boot_and_get_console_url",
    services=["compute", "image"],
    cleanup=["nova"],
    microversions={"compute": servers.CONSOLES},
)
async def boot_and_get_console_url(
    user: User, image: Image, flavor: Flavor, console_type: ConsoleType, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, then get the URL of its console."""
    server = await servers.boot_server(user, image, flavor, **options)
    await servers.get_console_url(user, server, console_type)
