"""Scenarios about allocation candidates: what nova's scheduler asks for each server."""

from rallycross.scenario.arguments import AtLeastOne
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.placement.steps import allocation_candidates as placement
from rallycross.scenarios.placement.steps.allocation_candidates import MICROVERSION
from rallycross.scenarios.placement.steps.resource_providers import Totals


@scenario(
    "PlacementAllocationCandidates.list_allocation_candidates",
    services=["placement"],
    microversions={"placement": MICROVERSION},
)
async def list_allocation_candidates(
    admin: User, resources: Totals, limit: AtLeastOne = 1000, required: list[str] | None = None
) -> None:
    """Ask where some resources are free, as nova's scheduler does for each server; its limit is the default one."""
    await placement.list_allocation_candidates(admin, resources, limit=limit, required=required or ())
