"""Steps with volumes attached to servers."""

from typing import Any

from rallycross.cloud.condition import becomes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# Seconds until a volume must have the expected status; Rally's defaults.
ATTACH_LIMIT = 200.0
DETACH_LIMIT = 200.0
_POLLING = RallyPolling(before=0, between=2)

VOLUME = resource("cinder.volumes")

Attachment = dict[str, Any]


@step("nova.attach_volume")
async def attach_volume(
    user: User, server: dict[str, Any], volume: dict[str, Any], *, device: str | None = None
) -> Attachment:
    """Attach a volume to a server, and wait until the volume is in use."""
    wanted = {"volumeId": volume["id"], **({"device": device} if device else {})}
    attached: Attachment = (await user.post("compute", _path(server), {"volumeAttachment": wanted}))["volumeAttachment"]
    await user.wait(becomes(VOLUME, volume["id"], "in-use", limit=ATTACH_LIMIT), _POLLING)
    return attached


@step("nova.list_attachments")
async def list_attachments(user: User, server: dict[str, Any]) -> list[Attachment]:
    """List the volumes that are attached to a server."""
    found: list[Attachment] = (await user.get("compute", _path(server)))["volumeAttachments"]
    return found


@step("nova.detach_volume")
async def detach_volume(user: User, server: dict[str, Any], volume: dict[str, Any]) -> None:
    """Detach a volume from a server, and wait until the volume is available."""
    await user.delete("compute", f"{_path(server)}/{volume['id']}")
    await user.wait(becomes(VOLUME, volume["id"], "available", limit=DETACH_LIMIT), _POLLING)


def _path(server: dict[str, Any]) -> str:
    return f"/servers/{server['id']}/os-volume_attachments"
