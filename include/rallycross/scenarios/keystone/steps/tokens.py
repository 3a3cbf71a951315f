"""Steps with tokens."""

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User


@step("authenticate.keystone")
async def authenticate(user: User) -> None:
    """Get a new token."""
    await user.client.fresh_access()


@step("keystone.fetch_token")
async def fetch_token(user: User) -> str:
    """Get a new token, and return it."""
    return (await user.client.fresh_access()).token


@step("keystone.validate_token")
async def validate_token(user: User, token: str) -> None:
    """Have keystone check a token."""
    await user.client.request("GET", "identity", "/auth/tokens", headers={"X-Subject-Token": token})
