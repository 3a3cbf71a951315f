"""Steps with allocation candidates."""

from collections.abc import Iterable, Mapping
from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# The first microversion with nested providers, which nova also asks for; `limit` came with 1.16, `required` with 1.17.
MICROVERSION = "1.29"


@step("placement.list_allocation_candidates")
async def list_allocation_candidates(
    admin: User, resources: Mapping[str, int], *, limit: int, required: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Ask where an amount of each resource class is free, on providers that have the required traits."""
    params = {"resources": ",".join(f"{name}:{amount}" for name, amount in resources.items()), "limit": str(limit)}
    if traits := ",".join(required):
        params["required"] = traits
    answer = await admin.get("placement", "/allocation_candidates", microversion=MICROVERSION, **params)
    found: list[dict[str, Any]] = answer["allocation_requests"]
    return found
