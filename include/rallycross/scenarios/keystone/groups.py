"""Scenarios about groups."""

from typing import Annotated

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import groups, users
from rallycross.task.bounds import COUNT


@scenario("KeystoneBasic.create_and_delete_group_with_users", services=["identity"], admin_cleanup=["keystone"])
async def create_and_delete_group_with_users(admin: User, users_per_group: Annotated[int, Argument(COUNT)] = 2) -> None:
    """Create a group, add some new users, list them, remove them, then delete the group.

    The users remain for the clean-up, which is not measured.
    """
    group = await groups.create_group(admin)
    members = [await users.create_user(admin) for _ in range(users_per_group)]
    for member in members:
        await groups.add_user_to_group(admin, member, group)
    await groups.list_group_users(admin, group)
    for member in members:
        await groups.remove_user_from_group(admin, member, group)
    await groups.delete_group(admin, group)
