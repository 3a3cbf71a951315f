"""Steps that move a server to another flavor or host."""

from typing import Any

from rallycross.cloud.condition import becomes
from rallycross.cloud.waiting import RallyPolling
from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.hypervisors import list_hypervisors
from rallycross.scenarios.nova.steps.servers import SERVER, Server

# Seconds until a server must have the expected status; Rally's defaults.
RESIZE_LIMIT = 400.0
CONFIRM_LIMIT = 200.0
MIGRATE_LIMIT = 400.0
_RESIZE = RallyPolling(before=0, between=4)
_CONFIRM = RallyPolling(before=0, between=2)
_MIGRATE = RallyPolling(before=0, between=2)


@step("nova.resize")
async def resize(user: User, server: Server, flavor: str) -> None:
    """Give a server another flavor, and wait until it asks for a confirmation."""
    await user.post("compute", f"/servers/{server['id']}/action", {"resize": {"flavorRef": flavor}})
    await user.wait(becomes(SERVER, server["id"], "VERIFY_RESIZE", limit=RESIZE_LIMIT), _RESIZE)


async def confirm_or_revert(user: User, server: Server, status: str = "ACTIVE", *, confirm: bool) -> None:
    """Confirm a resize or a migration, or revert it, and wait until the server has the status that it had before."""
    with user.action("nova.resize_confirm" if confirm else "nova.resize_revert"):
        action = {"confirmResize": None} if confirm else {"revertResize": None}
        await user.post("compute", f"/servers/{server['id']}/action", action)
        await user.wait(becomes(SERVER, server["id"], status, limit=CONFIRM_LIMIT), _CONFIRM)


@step("nova.migrate")
async def migrate(user: User, admin: User, server: Server) -> None:
    """Let the administrator move a server to another host, and wait until the server asks for a confirmation."""
    before = await _about_to_leave(admin, server)
    await admin.post("compute", f"/servers/{server['id']}/action", {"migrate": None})
    moved = await user.wait(becomes(SERVER, server["id"], "VERIFY_RESIZE", limit=MIGRATE_LIMIT), _MIGRATE)
    _require_another_host(before, moved)


@step("nova.live_migrate")
async def live_migrate(
    user: User, admin: User, server: Server, *, block_migration: bool = False, disk_over_commit: bool = False
) -> None:
    """Let the administrator move a running server to another host, and wait until it is ACTIVE there."""
    before = await _about_to_leave(admin, server)
    options = {"host": None, "block_migration": block_migration, "disk_over_commit": disk_over_commit}
    # Microversion 2.25 lost `disk_over_commit`.
    path = f"/servers/{server['id']}/action"
    await admin.post("compute", path, {"os-migrateLive": options}, microversion="2.1")
    # It is MIGRATING from now on. If no host can take it, it becomes ACTIVE where it is.
    moved = await user.wait(becomes(SERVER, server["id"], "ACTIVE", limit=MIGRATE_LIMIT), _MIGRATE)
    _require_another_host(before, moved)


async def _about_to_leave(admin: User, server: Server) -> dict[str, Any]:
    """Return a server as its administrator sees it; raise if there is no other host."""
    hypervisors = await list_hypervisors(admin)
    seen: Server = (await admin.get("compute", f"/servers/{server['id']}"))["server"]
    own = seen["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    if all(hypervisor["hypervisor_hostname"] == own for hypervisor in hypervisors):
        raise RallycrossError(
            f"server {server['id']} cannot leave {own}: the cloud has no other compute host - add one"
        )
    return seen


def _require_another_host(before: Server, after: Server) -> None:
    """Raise if a server is still on the host where it was."""
    if after["hostId"] == before["hostId"]:
        raise RallycrossError(
            f"server {after['id']} did not leave its host - `openstack server event list` and the log of nova-conductor"
            " have the reason"
        )
