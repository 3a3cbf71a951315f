"""Steps with servers that boot from a volume."""

from typing import Any, Unpack

from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import Server, boot_server

MULTIATTACH = "2.60"  # the first microversion that takes volumes of several servers


async def boot_from_volume(
    user: User, volume: dict[str, Any], flavor: str, *, shared: bool = False, **options: Unpack[ServerOptions]
) -> Server:
    """Boot a server from a volume, which stays when the server is deleted. Others may use a `shared` volume too."""
    least = MULTIATTACH if shared else ""
    return await _boot_from(user, {"source_type": "volume", "uuid": volume["id"]}, flavor, options, least)


async def boot_from_snapshot(
    user: User, snapshot: dict[str, Any], flavor: str, **options: Unpack[ServerOptions]
) -> Server:
    """Boot a server from a new volume, which nova makes of a snapshot, and deletes with the server."""
    source = {"source_type": "snapshot", "uuid": snapshot["id"], "delete_on_termination": True}
    return await _boot_from(user, source, flavor, options)


async def _boot_from(
    user: User, source: dict[str, Any], flavor: str, options: ServerOptions, least: str = ""
) -> Server:
    booting = options.copy()
    booting.pop("block_device_mapping", None)  # the API does not take both kinds of mapping
    booting["block_device_mapping_v2"] = [{"boot_index": 0, "destination_type": "volume", **source}]
    return await boot_server(user, "", flavor, least=least, **booting)
