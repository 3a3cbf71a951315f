"""Scenarios about entities of several kinds."""

from collections.abc import Iterator
from typing import Annotated, Any

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import projects, roles, services, users
from rallycross.task.cloud_references import CloudReference


def _service(name: Any) -> Iterator[CloudReference]:
    if name is not None:
        yield CloudReference("service_name", "", str(name))


_ServiceName = Annotated[str, Argument({"type": "string"}, references=_service)]


@scenario("KeystoneBasic.get_entities", services=["identity"], admin_cleanup=["keystone"])
async def get_entities(admin: User, service_name: _ServiceName | None = "keystone") -> None:
    """Create a project, a user and a role, then get each and a service by its id.

    The service is the one of the given name; with null it is created as well.
    """
    project = await projects.create_project(admin)
    user = await users.create_user(admin, project_id=project["id"])
    role = await roles.create_role(admin)
    await projects.get_project(admin, project)
    await users.get_user(admin, user)
    await roles.get_role(admin, role)
    if service_name is None:
        service = await services.create_service(admin)
    else:
        found = await services.list_services(admin, name=service_name)
        if not found:
            raise LookupError(f"there is no service '{service_name}' - give another `service_name`, or null")
        service = found[0]
    await services.get_service(admin, service)
