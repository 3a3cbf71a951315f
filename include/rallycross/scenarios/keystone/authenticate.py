"""Scenarios about signing in."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone import steps as keystone


@scenario("Authenticate.keystone", services=["identity"])
async def authenticate_keystone(user: User) -> None:
    """Get a new token from keystone."""
    await keystone.authenticate(user)
