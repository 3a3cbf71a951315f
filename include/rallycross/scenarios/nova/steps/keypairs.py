"""Steps with keypairs."""

from typing import Annotated, Any, Literal, TypedDict, Unpack

from rallycross.scenario.arguments import Since, needed_microversion
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Keypair = dict[str, Any]


class KeypairOptions(TypedDict, total=False):
    """Options of a new keypair, by novaclient's names."""

    public_key: str  # nova generates the pair if it is left out
    key_type: Annotated[Literal["ssh", "x509"], Since("compute", "2.2")]
    user_id: Annotated[str, Since("compute", "2.10")]  # whose it is; only an administrator may give another user


@step("nova.create_keypair")
async def create_keypair(user: User, **options: Unpack[KeypairOptions]) -> Keypair:
    """Create a keypair, or import a public key."""
    names = {"key_type": "type"}
    body = {"name": user.name(), **{names.get(name, name): value for name, value in options.items()}}
    # 2.92 dropped the generation of keypairs, so that needs an older one than a task file may ask for.
    needed = needed_microversion(KeypairOptions, options) or ("" if "public_key" in options else "2.1")
    created: Keypair = (await user.post("compute", "/os-keypairs", {"keypair": body}, microversion=needed))["keypair"]
    return created


@step("nova.list_keypairs")
async def list_keypairs(user: User) -> list[Keypair]:
    """List the keypairs of the user."""
    return [one["keypair"] for one in (await user.get("compute", "/os-keypairs"))["keypairs"]]


@step("nova.get_keypair")
async def get_keypair(user: User, keypair: Keypair) -> Keypair:
    """Get a keypair."""
    found: Keypair = (await user.get("compute", f"/os-keypairs/{keypair['name']}"))["keypair"]
    return found


@step("nova.delete_keypair")
async def delete_keypair(user: User, keypair: Keypair) -> None:
    """Delete a keypair."""
    await user.delete("compute", f"/os-keypairs/{keypair['name']}")
