"""Lists of neutron, and their filters."""

from collections.abc import Mapping
from typing import Any

from rallycross.scenario.lists import list_all
from rallycross.scenario.user import User

Filters = Mapping[str, str | int | bool]  # by the API's names: {"status": "ACTIVE"}


async def listed(user: User, path: str, key: str, filters: Filters) -> list[dict[str, Any]]:
    """Return all things of a list, which the answers have under `key`."""
    return await list_all(user, "network", path, key, {name: str(value) for name, value in filters.items()})
