"""Steps with availability zones."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User


@step("nova.list_availability_zones")
async def list_availability_zones(admin: User, *, detailed: bool = True) -> list[dict[str, Any]]:
    """List the availability zones, with their hosts and services if `detailed`."""
    path = "/os-availability-zone/detail" if detailed else "/os-availability-zone"
    found: list[dict[str, Any]] = (await admin.get("compute", path))["availabilityZoneInfo"]
    return found
