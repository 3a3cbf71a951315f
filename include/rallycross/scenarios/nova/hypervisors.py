"""Scenarios about hypervisors."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import hypervisors as nova
from rallycross.scenarios.nova.steps.hypervisors import BEFORE_REMOVALS


@scenario("NovaHypervisors.list_hypervisors", services=["compute"])
async def list_hypervisors(admin: User, *, detailed: bool = True) -> None:
    """List the hypervisors."""
    await nova.list_hypervisors(admin, detailed=detailed)


@scenario("NovaHypervisors.list_and_get_hypervisors", services=["compute"])
async def list_and_get_hypervisors(admin: User, *, detailed: bool = True) -> None:
    """List the hypervisors, then get each of them."""
    for hypervisor in await nova.list_hypervisors(admin, detailed=detailed):
        await nova.get_hypervisor(admin, hypervisor)


@scenario("NovaHypervisors.statistics_hypervisors", services=["compute"])
async def statistics_hypervisors(admin: User) -> None:
    """Get the statistics over all hypervisors."""
    await nova.statistics_hypervisors(admin)


@scenario("NovaHypervisors.list_and_get_uptime_hypervisors", services=["compute"])
async def list_and_get_uptime_hypervisors(admin: User, *, detailed: bool = True) -> None:
    """List the hypervisors, then get the uptime of each one that is up."""
    for hypervisor in await nova.list_hypervisors(admin, detailed=detailed, microversion=BEFORE_REMOVALS):
        if hypervisor["state"] == "up":
            await nova.uptime_hypervisor(admin, hypervisor)


@scenario("NovaHypervisors.list_and_search_hypervisors", services=["compute"])
async def list_and_search_hypervisors(admin: User, *, detailed: bool = True) -> None:
    """List the hypervisors, then search for each by its hostname."""
    for hypervisor in await nova.list_hypervisors(admin, detailed=detailed):
        await nova.search_hypervisors(admin, hypervisor["hypervisor_hostname"])
