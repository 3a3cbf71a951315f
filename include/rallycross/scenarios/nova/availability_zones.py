"""Scenarios about availability zones."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import availability_zones as nova


@scenario("NovaAvailabilityZones.list_availability_zones", services=["compute"])
async def list_availability_zones(admin: User, *, detailed: bool = True) -> None:
    """List the availability zones."""
    await nova.list_availability_zones(admin, detailed=detailed)
