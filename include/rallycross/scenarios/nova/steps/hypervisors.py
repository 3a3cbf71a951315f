"""Steps with hypervisors."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Hypervisor = dict[str, Any]

# Newer microversions do not have these requests: 2.53 lost the search, 2.88 the uptime and the statistics. Every nova
# has 2.1. In it, the id of a hypervisor is a number; it is a UUID since 2.53.
BEFORE_REMOVALS = "2.1"


@step("nova.list_hypervisors")
async def list_hypervisors(admin: User, *, detailed: bool = True, microversion: str = "") -> list[Hypervisor]:
    """List all hypervisors."""
    path = "/os-hypervisors/detail" if detailed else "/os-hypervisors"
    found: list[Hypervisor] = (await admin.get("compute", path, microversion=microversion))["hypervisors"]
    return found


@step("nova.get_hypervisor")
async def get_hypervisor(admin: User, hypervisor: Hypervisor) -> Hypervisor:
    """Get a hypervisor."""
    found: Hypervisor = (await admin.get("compute", f"/os-hypervisors/{hypervisor['id']}"))["hypervisor"]
    return found


@step("nova.statistics_hypervisors")
async def statistics_hypervisors(admin: User) -> dict[str, Any]:
    """Get the sums over all hypervisors: vCPUs, memory, disk, servers."""
    answer = await admin.get("compute", "/os-hypervisors/statistics", microversion=BEFORE_REMOVALS)
    found: dict[str, Any] = answer["hypervisor_statistics"]
    return found


@step("nova.uptime_hypervisor")
async def uptime_hypervisor(admin: User, hypervisor: Hypervisor) -> str:
    """Get the uptime of a hypervisor, which was listed with the microversion `BEFORE_REMOVALS`."""
    path = f"/os-hypervisors/{hypervisor['id']}/uptime"
    return str((await admin.get("compute", path, microversion=BEFORE_REMOVALS))["hypervisor"]["uptime"])


@step("nova.search_hypervisors")
async def search_hypervisors(admin: User, hostname: str) -> list[Hypervisor]:
    """Find the hypervisors whose hostnames contain a text."""
    answer = await admin.get("compute", f"/os-hypervisors/{hostname}/search", microversion=BEFORE_REMOVALS)
    found: list[Hypervisor] = answer["hypervisors"]
    return found
