"""Steps with keystone."""

from typing import Any, TypedDict

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# The id and name of keystone's initial domain.
_DEFAULT_DOMAIN = {"Default": "default", "default": "default"}


class UserOptions(TypedDict, total=False):
    """Options of a new user."""

    password: str
    enabled: bool
    domain_name: str


@step("authenticate.keystone")
async def authenticate(user: User) -> None:
    """Get a new token."""
    await user.client.fresh_access()


@step("keystone.create_user")
async def create_user(
    admin: User, *, password: str | None = None, enabled: bool = True, domain_name: str = "Default"
) -> dict[str, Any]:
    """Create a user with a random name."""
    body: dict[str, Any] = {"name": admin.name(), "enabled": enabled, "domain_id": await _domain(admin, domain_name)}
    if password is not None:
        body["password"] = password
    created: dict[str, Any] = (await admin.post("identity", "/users", {"user": body}))["user"]
    return created


@step("keystone.delete_user")
async def delete_user(admin: User, user: dict[str, Any]) -> None:
    """Delete a user."""
    await admin.delete("identity", f"/users/{user['id']}")


async def _domain(admin: User, name: str) -> str:
    if name in _DEFAULT_DOMAIN:
        return _DEFAULT_DOMAIN[name]
    [domain] = (await admin.get("identity", "/domains", name=name))["domains"]
    return str(domain["id"])
