"""Scenarios about roles."""

from typing import Unpack

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import roles as keystone
from rallycross.scenarios.keystone.steps.roles import ListedRoles, NewRole, RoleOptions


@scenario("KeystoneBasic.create_and_delete_role", services=["identity"], admin_cleanup=["keystone"])
async def create_and_delete_role(admin: User) -> None:
    """Create a role, then delete it."""
    role = await keystone.create_role(admin)
    await keystone.delete_role(admin, role)


@scenario("KeystoneBasic.create_and_get_role", services=["identity"], admin_cleanup=["keystone"])
async def create_and_get_role(admin: User, **options: Unpack[RoleOptions]) -> None:
    """Create a role, then get it by its id."""
    role = await keystone.create_role(admin, **options)
    await keystone.get_role(admin, role)


@scenario("KeystoneBasic.create_and_list_roles", services=["identity"], admin_cleanup=["keystone"])
async def create_and_list_roles(
    admin: User, create_role_kwargs: NewRole | None = None, list_role_kwargs: ListedRoles | None = None
) -> None:
    """Create a role, then check that it is in the list of roles."""
    role = await keystone.create_role(admin, **(create_role_kwargs or {}))
    found = await keystone.list_roles(admin, **(list_role_kwargs or {}))
    if role["id"] not in {one["id"] for one in found}:
        raise ValueError(f"the list of roles does not have the new role {role['id']}")


@scenario("KeystoneBasic.add_and_remove_user_role", services=["identity"], admin_cleanup=["keystone"])
async def add_and_remove_user_role(user: User, admin: User) -> None:
    """Create a role, give it to a user of the load, then take it away."""
    role, who = await keystone.create_role(admin), await user.client.access()
    await keystone.add_role(admin, role, who.user, user.tenant.id)
    await keystone.revoke_role(admin, role, who.user, user.tenant.id)


@scenario("KeystoneBasic.create_add_and_list_user_roles", services=["identity"], admin_cleanup=["keystone"])
async def create_add_and_list_user_roles(user: User, admin: User) -> None:
    """Create a role, give it to a user of the load, then list the roles of this user."""
    role, who = await keystone.create_role(admin), await user.client.access()
    await keystone.add_role(admin, role, who.user, user.tenant.id)
    await keystone.list_roles(admin, user_id=who.user, project_id=user.tenant.id)
