"""Signing in."""

from rallycross.scenarios.scenario import scenario
from rallycross.scenarios.steps import keystone
from rallycross.scenarios.user import User


@scenario("Authenticate.keystone", services=["identity"])
async def authenticate_keystone(user: User) -> None:
    """Get a new token from keystone."""
    await keystone.authenticate(user)
