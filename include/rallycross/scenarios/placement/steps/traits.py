"""Steps with traits."""

from rallycross.cloud.naming import custom_trait
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# The first microversion with traits.
MICROVERSION = "1.6"


@step("placement.list_traits")
async def list_traits(admin: User) -> list[str]:
    """List all traits, standard and custom ones."""
    found: list[str] = (await admin.get("placement", "/traits", microversion=MICROVERSION))["traits"]
    return found


@step("placement.create_trait")
async def create_trait(admin: User) -> str:
    """Create a custom trait; return its name."""
    trait = custom_trait(admin.name())
    await admin.put("placement", f"/traits/{trait}", microversion=MICROVERSION)
    return trait


@step("placement.delete_trait")
async def delete_trait(admin: User, trait: str) -> None:
    """Delete a custom trait."""
    await admin.delete("placement", f"/traits/{trait}", microversion=MICROVERSION)
