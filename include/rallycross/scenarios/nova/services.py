"""Scenarios about nova's own services."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import services as nova


@scenario("NovaServices.list_services", services=["compute"])
async def list_services(admin: User, host: str | None = None, binary: str | None = None) -> None:
    """List nova's services."""
    await nova.list_services(admin, host, binary)
