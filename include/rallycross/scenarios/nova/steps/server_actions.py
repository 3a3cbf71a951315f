"""Steps that change the state of a server: reboot, stop, pause, suspend, rescue, shelve, lock, rebuild, snapshot."""

from typing import Any

from rallycross.cloud.condition import Also, becomes, goes
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.glance import steps as glance
from rallycross.scenarios.nova.steps.servers import SERVER, Server

ACTION_LIMIT = 300.0  # seconds until a server must have the expected status; Rally's default
SNAPSHOTS = "2.45"  # the first microversion whose answer has the image's id in its body
_POLLING = RallyPolling(before=2, between=2)
_START = RallyPolling(before=0, between=1)
_AT_ONCE = RallyPolling(before=0, between=2)
_REBUILD = RallyPolling(before=1, between=1)

_IDLE = Also("without a task", lambda server: server.get("OS-EXT-STS:task_state") is None)


async def _act(
    user: User,
    server: Server,
    action: dict[str, Any],
    status: str,
    *,
    polling: RallyPolling = _POLLING,
    also: Also | None = None,
) -> None:
    """Request an action of a server, and wait for the status that it leads to."""
    await user.post("compute", f"/servers/{server['id']}/action", action)
    await user.wait(becomes(SERVER, server["id"], status, limit=ACTION_LIMIT, also=also), polling)


@step("nova.reboot_server")
async def reboot_server(user: User, server: Server) -> None:
    """Reboot a server by its power, and wait until it is ACTIVE."""
    await _act(user, server, {"reboot": {"type": "HARD"}}, "ACTIVE")


@step("nova.soft_reboot_server")
async def soft_reboot_server(user: User, server: Server) -> None:
    """Let a server's operating system reboot, and wait until it is ACTIVE."""
    await _act(user, server, {"reboot": {"type": "SOFT"}}, "ACTIVE")


@step("nova.stop_server")
async def stop_server(user: User, server: Server) -> None:
    """Stop a server, and wait until it is SHUTOFF."""
    await _act(user, server, {"os-stop": None}, "SHUTOFF", polling=_AT_ONCE)


@step("nova.start_server")
async def start_server(user: User, server: Server) -> None:
    """Start a stopped server, and wait until it is ACTIVE."""
    await _act(user, server, {"os-start": None}, "ACTIVE", polling=_START)


@step("nova.stop_and_start_server")
async def stop_and_start_server(user: User, server: Server) -> None:
    """Stop a server and start it again."""
    await stop_server(user, server)
    await start_server(user, server)


@step("nova.rescue_server")
async def rescue_server(user: User, server: Server) -> None:
    """Boot a server into its rescue system, and wait until it is in RESCUE."""
    await _act(user, server, {"rescue": {}}, "RESCUE")


@step("nova.unrescue_server")
async def unrescue_server(user: User, server: Server) -> None:
    """Boot a rescued server into its own system, and wait until it is ACTIVE."""
    await _act(user, server, {"unrescue": None}, "ACTIVE")


@step("nova.rescue_and_unrescue_server")
async def rescue_and_unrescue_server(user: User, server: Server) -> None:
    """Rescue a server, then end the rescue."""
    await rescue_server(user, server)
    await unrescue_server(user, server)


@step("nova.pause_server")
async def pause_server(user: User, server: Server) -> None:
    """Pause a server, and wait until it is PAUSED."""
    await _act(user, server, {"pause": None}, "PAUSED")


@step("nova.unpause_server")
async def unpause_server(user: User, server: Server) -> None:
    """Let a paused server go on, and wait until it is ACTIVE."""
    await _act(user, server, {"unpause": None}, "ACTIVE")


@step("nova.pause_and_unpause_server")
async def pause_and_unpause_server(user: User, server: Server) -> None:
    """Pause a server, then let it go on."""
    await pause_server(user, server)
    await unpause_server(user, server)


@step("nova.suspend_server")
async def suspend_server(user: User, server: Server) -> None:
    """Suspend a server to disk, and wait until it is SUSPENDED."""
    await _act(user, server, {"suspend": None}, "SUSPENDED")


@step("nova.resume_server")
async def resume_server(user: User, server: Server) -> None:
    """Resume a suspended server, and wait until it is ACTIVE."""
    await _act(user, server, {"resume": None}, "ACTIVE")


@step("nova.suspend_and_resume_server")
async def suspend_and_resume_server(user: User, server: Server) -> None:
    """Suspend a server, then resume it."""
    await suspend_server(user, server)
    await resume_server(user, server)


@step("nova.shelve_server")
async def shelve_server(user: User, server: Server) -> None:
    """Shelve a server, and wait until it has left its host."""
    await _act(user, server, {"shelve": None}, "SHELVED_OFFLOADED", also=_IDLE)


@step("nova.unshelve_server")
async def unshelve_server(user: User, server: Server) -> None:
    """Bring a shelved server back to a host, and wait until it is ACTIVE."""
    await _act(user, server, {"unshelve": None}, "ACTIVE")


@step("nova.shelve_and_unshelve_server")
async def shelve_and_unshelve_server(user: User, server: Server) -> None:
    """Shelve a server, then bring it back."""
    await shelve_server(user, server)
    await unshelve_server(user, server)


@step("nova.lock_server")
async def lock_server(user: User, server: Server) -> None:
    """Lock a server against changes."""
    await user.post("compute", f"/servers/{server['id']}/action", {"lock": None})


@step("nova.unlock_server")
async def unlock_server(user: User, server: Server) -> None:
    """Unlock a server."""
    await user.post("compute", f"/servers/{server['id']}/action", {"unlock": None})


@step("nova.lock_and_unlock_server")
async def lock_and_unlock_server(user: User, server: Server) -> None:
    """Lock a server, then unlock it."""
    await lock_server(user, server)
    await unlock_server(user, server)


@step("nova.rebuild_server")
async def rebuild_server(user: User, server: Server, image: str) -> None:
    """Replace a server's disk by another image, and wait until it is ACTIVE."""
    await _act(user, server, {"rebuild": {"imageRef": image}}, "ACTIVE", polling=_REBUILD)


@step("nova.snapshot_server")
async def snapshot_server(user: User, server: Server) -> glance.Image:
    """Make an image of a server, and wait until the image is active and the server is done with it."""
    body = {"createImage": {"name": server["name"]}}
    path = f"/servers/{server['id']}/action"
    identifier = (await user.post("compute", path, body, microversion=SNAPSHOTS))["image_id"]
    with user.action("glance.wait_for_image"):
        image = await user.wait(becomes(glance.IMAGE, identifier, "active", limit=ACTION_LIMIT), _AT_ONCE)
    with user.action("nova.wait_for_server"):
        await user.wait(becomes(SERVER, server["id"], "ACTIVE", limit=ACTION_LIMIT, also=_IDLE), _AT_ONCE)
    return image


@step("nova.delete_image")
async def delete_image(user: User, image: glance.Image) -> None:
    """Delete an image that was made of a server, and wait until it is gone."""
    await glance.delete_image(user, image)
    with user.action("glance.wait_for_delete"):
        await user.wait(goes(glance.IMAGE, image["id"], limit=ACTION_LIMIT), _AT_ONCE)
