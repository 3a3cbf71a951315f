"""Steps with resource providers and their inventories."""

from collections.abc import Mapping
from typing import Annotated, Any

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

ResourceProvider = dict[str, Any]

# Amounts by resource class: {"VCPU": 1, "MEMORY_MB": 512}.
Totals = Annotated[
    dict[str, int],
    Argument(
        {
            "type": "object",
            "patternProperties": {"^[A-Z0-9_]+$": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]

# The first microversion that answers a creation with the provider.
MICROVERSION = "1.20"


@step("placement.list_resource_providers")
async def list_resource_providers(admin: User) -> list[ResourceProvider]:
    """List all resource providers."""
    answer = await admin.get("placement", "/resource_providers", microversion=MICROVERSION)
    found: list[ResourceProvider] = answer["resource_providers"]
    return found


@step("placement.create_resource_provider")
async def create_resource_provider(admin: User) -> ResourceProvider:
    """Create a resource provider, without inventories."""
    body = {"name": admin.name()}
    created: ResourceProvider = await admin.post("placement", "/resource_providers", body, microversion=MICROVERSION)
    return created


@step("placement.update_inventories")
async def update_inventories(admin: User, provider: ResourceProvider, totals: Mapping[str, int]) -> None:
    """Replace the inventories of a resource provider, which gets a new generation."""
    body = {
        "resource_provider_generation": provider["generation"],
        "inventories": {name: {"total": total} for name, total in totals.items()},
    }
    answer = await admin.put("placement", f"{_path(provider)}/inventories", body, microversion=MICROVERSION)
    provider["generation"] = answer["resource_provider_generation"]


@step("placement.delete_resource_provider")
async def delete_resource_provider(admin: User, provider: ResourceProvider) -> None:
    """Delete a resource provider with its inventories."""
    await admin.delete("placement", _path(provider), microversion=MICROVERSION)


def _path(provider: ResourceProvider) -> str:
    return f"/resource_providers/{provider['uuid']}"
