"""Scenarios about keypairs."""

from typing import Unpack

from rallycross.scenario.arguments import Flavor, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import keypairs as nova
from rallycross.scenarios.nova.steps.keypairs import KeypairOptions
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import boot_server, delete_server


@scenario("NovaKeypair.create_and_list_keypairs", services=["compute"], cleanup=["nova"])
async def create_and_list_keypairs(user: User, **options: Unpack[KeypairOptions]) -> None:
    """Create a keypair, then list the user's keypairs."""
    keypair = await nova.create_keypair(user, **options)
    listed = await nova.list_keypairs(user)
    assert keypair["name"] in [one["name"] for one in listed], "the new keypair is not in the list"


@scenario("NovaKeypair.create_and_delete_keypair", services=["compute"], cleanup=["nova"])
async def create_and_delete_keypair(user: User, **options: Unpack[KeypairOptions]) -> None:
    """Create a keypair, then delete it."""
    keypair = await nova.create_keypair(user, **options)
    await nova.delete_keypair(user, keypair)


@scenario("NovaKeypair.boot_and_delete_server_with_keypair", services=["compute", "image"], cleanup=["nova"])
async def boot_and_delete_server_with_keypair(
    user: User,
    image: Image,
    flavor: Flavor,
    boot_server_kwargs: ServerOptions | None = None,
    **options: Unpack[KeypairOptions],
) -> None:
    """Create a keypair, boot a server with it, then delete both."""
    keypair = await nova.create_keypair(user, **options)
    server_options: ServerOptions = {**(boot_server_kwargs or {}), "key_name": keypair["name"]}
    server = await boot_server(user, image, flavor, **server_options)
    await delete_server(user, server)
    await nova.delete_keypair(user, keypair)


@scenario("NovaKeypair.create_and_get_keypair", services=["compute"], cleanup=["nova"])
async def create_and_get_keypair(user: User, **options: Unpack[KeypairOptions]) -> None:
    """Create a keypair, then get its details."""
    keypair = await nova.create_keypair(user, **options)
    await nova.get_keypair(user, keypair)
