"""Scenarios that change the state of a server: reboot, pause, suspend, rescue, shelve, lock, rebuild, snapshot."""

from typing import Annotated, Unpack

from rallycross.scenario.arguments import Argument, Flavor, Image, Seconds
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import server_actions, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions

_BOUNCES = {
    "hard_reboot": server_actions.reboot_server,
    "soft_reboot": server_actions.soft_reboot_server,
    "stop_start": server_actions.stop_and_start_server,
    "rescue_unrescue": server_actions.rescue_and_unrescue_server,
    "pause_unpause": server_actions.pause_and_unpause_server,
    "suspend_resume": server_actions.suspend_and_resume_server,
    "lock_unlock": server_actions.lock_and_unlock_server,
    "shelve_unshelve": server_actions.shelve_and_unshelve_server,
}

# Actions on a server, one after another, and how often each is done.
Bounces = Annotated[
    list[dict[str, int]],
    Argument(
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "integer", "minimum": 1} for name in _BOUNCES},
                "additionalProperties": False,
            },
        }
    ),
]


@scenario("NovaServers.boot_and_bounce_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_bounce_server(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    force_delete: bool = False,
    actions: Bounces | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, do the given actions with it one after another, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    for action in actions or ():
        for name, times in action.items():
            for _ in range(times):
                await _BOUNCES[name](user, server)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.boot_lock_unlock_and_delete", services=["compute", "image"], cleanup=["nova"])
async def boot_lock_unlock_and_delete(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, lock it, unlock it, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_actions.lock_server(user, server)
    await user.pause(min_sleep, max_sleep)
    await server_actions.unlock_server(user, server)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.pause_and_unpause_server", services=["compute", "image"], cleanup=["nova"])
async def pause_and_unpause_server(
    user: User, image: Image, flavor: Flavor, *, force_delete: bool = False, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, pause it, let it go on, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_actions.pause_server(user, server)
    await server_actions.unpause_server(user, server)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.suspend_and_resume_server", services=["compute", "image"], cleanup=["nova"])
async def suspend_and_resume_server(
    user: User, image: Image, flavor: Flavor, *, force_delete: bool = False, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, suspend it, resume it, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_actions.suspend_server(user, server)
    await server_actions.resume_server(user, server)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.shelve_and_unshelve_server", services=["compute", "image"], cleanup=["nova"])
async def shelve_and_unshelve_server(
    user: User, image: Image, flavor: Flavor, *, force_delete: bool = False, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, shelve it, bring it back, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_actions.shelve_server(user, server)
    await server_actions.unshelve_server(user, server)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.boot_and_rebuild_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_rebuild_server(
    user: User, from_image: Image, to_image: Image, flavor: Flavor, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, replace its disk by another image, then delete it."""
    server = await servers.boot_server(user, from_image, flavor, **options)
    await server_actions.rebuild_server(user, server, to_image)
    await servers.delete_server(user, server)


@scenario(
    "NovaServers.snapshot_server",
    services=["compute", "image"],
    cleanup=["nova", "glance"],
    microversions={"compute": server_actions.SNAPSHOTS},
)
async def snapshot_server(
    user: User, image: Image, flavor: Flavor, *, force_delete: bool = False, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, make an image of it, boot another server from that image, then delete all three."""
    server = await servers.boot_server(user, image, flavor, **options)
    snapshot = await server_actions.snapshot_server(user, server)
    await servers.delete_server(user, server, force=force_delete)
    another = await servers.boot_server(user, snapshot["id"], flavor, **options)
    await servers.delete_server(user, another, force=force_delete)
    await server_actions.delete_image(user, snapshot)
