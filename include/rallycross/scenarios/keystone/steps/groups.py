"""Steps with groups and their members."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps.domains import domain_id
from rallycross.scenarios.keystone.steps.users import UserThing

Group = dict[str, Any]


@step("keystone.create_group")
async def create_group(admin: User, *, domain_name: str = "Default") -> Group:
    """Create a group with a random name."""
    body = {"name": admin.name(), "domain_id": await domain_id(admin, domain_name)}
    created: Group = (await admin.post("identity", "/groups", {"group": body}))["group"]
    return created


@step("keystone.add_user_to_group")
async def add_user_to_group(admin: User, user: UserThing, group: Group) -> None:
    """Make a user a member of a group."""
    await admin.put("identity", f"/groups/{group['id']}/users/{user['id']}")


@step("keystone.list_group_users")
async def list_group_users(admin: User, group: Group) -> list[UserThing]:
    """List the members of a group."""
    found: list[UserThing] = (await admin.get("identity", f"/groups/{group['id']}/users"))["users"]
    return found


@step("keystone.remove_user_from_group")
async def remove_user_from_group(admin: User, user: UserThing, group: Group) -> None:
    """End a user's membership of a group."""
    await admin.delete("identity", f"/groups/{group['id']}/users/{user['id']}")


@step("keystone.delete_group")
async def delete_group(admin: User, group: Group) -> None:
    """Delete a group."""
    await admin.delete("identity", f"/groups/{group['id']}")
