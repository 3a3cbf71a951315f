"""Steps with the services of the catalog."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# The type of a new service, unless one is given; Rally's default.
_TYPE = "rally_test_type"

Service = dict[str, Any]


@step("keystone.create_service")
async def create_service(admin: User, *, service_type: str | None = None, description: str | None = None) -> Service:
    """Create a service with a random name, and a random description unless one is given."""
    body = {"name": admin.name(), "type": service_type or _TYPE, "description": description or admin.name()}
    created: Service = (await admin.post("identity", "/services", {"service": body}))["service"]
    return created


@step("keystone.get_service")
async def get_service(admin: User, service: Service) -> Service:
    """Get a service by its id."""
    found: Service = (await admin.get("identity", f"/services/{service['id']}"))["service"]
    return found


@step("keystone.list_services")
async def list_services(admin: User, *, name: str | None = None) -> list[Service]:
    """List all services, or those of a name."""
    found: list[Service] = (await admin.get("identity", "/services", **({"name": name} if name else {})))["services"]
    return found


@step("keystone.delete_service")
async def delete_service(admin: User, service: Service) -> None:
    """Delete a service, with its endpoints."""
    await admin.delete("identity", f"/services/{service['id']}")
