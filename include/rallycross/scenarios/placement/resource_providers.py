"""Scenarios about resource providers."""

from rallycross.scenario.arguments import AtLeastOne
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.placement.steps import resource_providers as placement
from rallycross.scenarios.placement.steps.resource_providers import MICROVERSION, Totals

_NEEDS = {"placement": MICROVERSION}


@scenario("PlacementResourceProviders.list_resource_providers", services=["placement"], microversions=_NEEDS)
async def list_resource_providers(admin: User) -> None:
    """List all resource providers."""
    await placement.list_resource_providers(admin)


@scenario(
    "PlacementResourceProviders.create_and_delete_resource_provider",
    services=["placement"],
    admin_cleanup=["placement"],
    microversions=_NEEDS,
)
async def create_and_delete_resource_provider(admin: User) -> None:
    """Create a resource provider, then delete it."""
    provider = await placement.create_resource_provider(admin)
    await placement.delete_resource_provider(admin, provider)


@scenario(
    "PlacementResourceProviders.create_and_update_inventories",
    services=["placement"],
    admin_cleanup=["placement"],
    microversions=_NEEDS,
)
async def create_and_update_inventories(admin: User, resources: Totals, updates: AtLeastOne = 1) -> None:
    """Create a resource provider, then replace its inventories some times, as a compute host does when it reports."""
    provider = await placement.create_resource_provider(admin)
    for more in range(updates):
        totals = {name: total + more for name, total in resources.items()}  # each time others: nothing is skipped
        await placement.update_inventories(admin, provider, totals)


@scenario(
    "PlacementResourceProviders.create_update_and_delete_resource_provider",
    services=["placement"],
    admin_cleanup=["placement"],
    microversions=_NEEDS,
)
async def create_update_and_delete_resource_provider(admin: User, resources: Totals) -> None:
    """Create a resource provider, give it inventories, then delete it: a host comes and goes."""
    provider = await placement.create_resource_provider(admin)
    await placement.update_inventories(admin, provider, resources)
    await placement.delete_resource_provider(admin, provider)
