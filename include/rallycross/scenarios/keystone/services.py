"""Scenarios about the services of the catalog."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import services as keystone

# Rally ignores `name`: the clean-up finds what a scenario creates by its random name.

_CATALOG = "adds services to the catalog, which everybody gets"


@scenario(
    "KeystoneBasic.create_and_delete_service",
    services=["identity"],
    admin_cleanup=["keystone"],
    disrupts=_CATALOG,
)
async def create_and_delete_service(
    admin: User,
    name: str | None = None,  # noqa: ARG001
    service_type: str | None = None,
    description: str | None = None,
) -> None:
    """Create a service, then delete it."""
    service = await keystone.create_service(admin, service_type=service_type, description=description)
    await keystone.delete_service(admin, service)


@scenario(
    "KeystoneBasic.create_and_list_services",
    services=["identity"],
    admin_cleanup=["keystone"],
    disrupts=_CATALOG,
)
async def create_and_list_services(
    admin: User,
    name: str | None = None,  # noqa: ARG001
    service_type: str | None = None,
    description: str | None = None,
) -> None:
    """Create a service, then list all services."""
    await keystone.create_service(admin, service_type=service_type, description=description)
    await keystone.list_services(admin)
