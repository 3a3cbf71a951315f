"""Steps with transfers of volumes to other projects."""

from typing import Any

from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volumes import Volume

_PATH = "/os-volume-transfer"

Transfer = dict[str, Any]


@step("cinder_v3.transfer_create")
async def create_transfer(user: User, volume: Volume) -> Transfer:
    """Offer a volume; return the transfer with the key that accepts it."""
    body = {"transfer": {"volume_id": volume["id"], "name": user.name()}}
    transfer: Transfer = (await user.post("block-storage", _PATH, body))["transfer"]
    return transfer


@step("cinder_v3.transfer_accept")
async def accept_transfer(user: User, transfer: Transfer) -> None:
    """Accept a transfer: its volume then belongs to the user's project."""
    body = {"accept": {"auth_key": transfer["auth_key"]}}
    await user.post("block-storage", f"{_PATH}/{transfer['id']}/accept", body)


@step("cinder_v3.list_transfers")
async def list_transfers(
    user: User, *, detailed: bool = True, search_opts: dict[str, Any] | None = None
) -> list[Transfer]:
    """List the transfers of the user's project."""
    return await list_all(user, "block-storage", f"{_PATH}/detail" if detailed else _PATH, "transfers", search_opts)
