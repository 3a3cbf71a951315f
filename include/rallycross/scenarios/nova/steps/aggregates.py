"""Steps with host aggregates."""

from collections.abc import Mapping
from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Aggregate = dict[str, Any]


@step("nova.list_aggregates")
async def list_aggregates(admin: User) -> list[Aggregate]:
    """List all aggregates."""
    found: list[Aggregate] = (await admin.get("compute", "/os-aggregates"))["aggregates"]
    return found


@step("nova.create_aggregate")
async def create_aggregate(admin: User, availability_zone: str | None) -> Aggregate:
    """Create an aggregate. Its hosts will be in the availability zone, if one is given."""
    body = {"name": admin.name(), "availability_zone": availability_zone}
    created: Aggregate = (await admin.post("compute", "/os-aggregates", {"aggregate": body}))["aggregate"]
    return created


@step("nova.get_aggregate_details")
async def get_aggregate_details(admin: User, aggregate: Aggregate) -> Aggregate:
    """Get an aggregate."""
    found: Aggregate = (await admin.get("compute", _path(aggregate)))["aggregate"]
    return found


@step("nova.update_aggregate")
async def update_aggregate(admin: User, aggregate: Aggregate) -> Aggregate:
    """Give an aggregate a new name and a new availability zone."""
    body = {"name": admin.name(), "availability_zone": admin.name()}
    updated: Aggregate = (await admin.put("compute", _path(aggregate), {"aggregate": body}))["aggregate"]
    return updated


@step("nova.delete_aggregate")
async def delete_aggregate(admin: User, aggregate: Aggregate) -> None:
    """Delete an aggregate."""
    await admin.delete("compute", _path(aggregate))


@step("nova.aggregate_add_host")
async def aggregate_add_host(admin: User, aggregate: Aggregate, host: str) -> None:
    """Add a compute host to an aggregate."""
    await admin.post("compute", f"{_path(aggregate)}/action", {"add_host": {"host": host}})


@step("nova.aggregate_remove_host")
async def aggregate_remove_host(admin: User, aggregate: Aggregate, host: str) -> None:
    """Remove a compute host from an aggregate."""
    await admin.post("compute", f"{_path(aggregate)}/action", {"remove_host": {"host": host}})


@step("nova.aggregate_set_metadata")
async def aggregate_set_metadata(admin: User, aggregate: Aggregate, metadata: Mapping[str, str]) -> None:
    """Add metadata to an aggregate."""
    await admin.post("compute", f"{_path(aggregate)}/action", {"set_metadata": {"metadata": dict(metadata)}})


def _path(aggregate: Aggregate) -> str:
    return f"/os-aggregates/{aggregate['id']}"
