"""Scenarios about users, projects and roles."""

from typing import Unpack

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone import steps as keystone
from rallycross.scenarios.keystone.steps import UserOptions


@scenario("KeystoneBasic.create_delete_user", services=["identity"], admin_cleanup=["keystone"])
async def create_delete_user(admin: User, name_length: int = 10, **options: Unpack[UserOptions]) -> None:  # noqa: ARG001 - task files give it; Rally ignores it
    """Create a user with a random name, then delete it."""
    user = await keystone.create_user(admin, **options)
    await keystone.delete_user(admin, user)
