"""Scenarios about projects, which Rally calls tenants here."""

from typing import Annotated, Unpack

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import projects, users
from rallycross.scenarios.keystone.steps.projects import ProjectOptions
from rallycross.task.bounds import COUNT

# Rally ignores `name_length`; task files of earlier years give it.


@scenario("KeystoneBasic.create_tenant", services=["identity"], admin_cleanup=["keystone"])
async def create_tenant(admin: User, name_length: int = 10, **options: Unpack[ProjectOptions]) -> None:  # noqa: ARG001
    """Create a project with a random name."""
    await projects.create_project(admin, **options)


@scenario("KeystoneBasic.create_and_list_tenants", services=["identity"], admin_cleanup=["keystone"])
async def create_and_list_tenants(admin: User, name_length: int = 10, **options: Unpack[ProjectOptions]) -> None:  # noqa: ARG001
    """Create a project with a random name, then list all projects."""
    await projects.create_project(admin, **options)
    await projects.list_projects(admin)


@scenario("KeystoneBasic.create_tenant_with_users", services=["identity"], admin_cleanup=["keystone"])
async def create_tenant_with_users(
    admin: User,
    users_per_tenant: Annotated[int, Argument(COUNT)],
    name_length: int = 10,  # noqa: ARG001
    **options: Unpack[ProjectOptions],
) -> None:
    """Create a project, then some users who are its members."""
    project = await projects.create_project(admin, **options)
    for _ in range(users_per_tenant):
        await users.create_user(admin, project_id=project["id"])


@scenario("KeystoneBasic.create_update_and_delete_tenant", services=["identity"], admin_cleanup=["keystone"])
async def create_update_and_delete_tenant(
    admin: User,
    name_length: int | None = None,  # noqa: ARG001
    **options: Unpack[ProjectOptions],
) -> None:
    """Create a project, give it another name and description, then delete it."""
    project = await projects.create_project(admin, **options)
    await projects.update_project(admin, project, name=admin.name(), description=admin.name())
    await projects.delete_project(admin, project)
