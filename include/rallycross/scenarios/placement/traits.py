"""Scenarios about traits."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.placement.steps import traits as placement
from rallycross.scenarios.placement.steps.traits import MICROVERSION

_NEEDS = {"placement": MICROVERSION}


@scenario("PlacementTraits.list_traits", services=["placement"], microversions=_NEEDS)
async def list_traits(admin: User) -> None:
    """List all traits."""
    await placement.list_traits(admin)


@scenario(
    "PlacementTraits.create_and_list_traits",
    services=["placement"],
    admin_cleanup=["placement"],
    microversions=_NEEDS,
)
async def create_and_list_traits(admin: User) -> None:
    """Create a custom trait, then list all traits."""
    await placement.create_trait(admin)
    await placement.list_traits(admin)


@scenario(
    "PlacementTraits.create_and_delete_trait",
    services=["placement"],
    admin_cleanup=["placement"],
    microversions=_NEEDS,
)
async def create_and_delete_trait(admin: User) -> None:
    """Create a custom trait, then delete it."""
    trait = await placement.create_trait(admin)
    await placement.delete_trait(admin, trait)
