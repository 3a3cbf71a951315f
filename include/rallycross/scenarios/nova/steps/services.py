"""Steps with nova's own services."""

from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User


@step("nova.list_services")
async def list_services(admin: User, host: str | None = None, binary: str | None = None) -> list[dict[str, Any]]:
    """List nova's services, of one host or of one name (such as "nova-compute") if they are given."""
    wanted = {name: value for name, value in (("host", host), ("binary", binary)) if value}
    found: list[dict[str, Any]] = (await admin.get("compute", "/os-services", **wanted))["services"]
    return found
