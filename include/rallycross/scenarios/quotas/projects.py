"""Scenarios about the quotas of projects."""

from typing import Annotated

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.quotas import steps as quotas

_Quota = Annotated[int, Argument({"type": "integer", "minimum": -1})]  # -1 is no limit


@scenario("Quotas.nova_get", services=["compute"], admin_cleanup=["nova.quotas"])
async def nova_get(user: User, admin: User) -> None:
    """Get nova's quotas of a project."""
    await quotas.get_quotas(admin, "compute", user.tenant.id)


@scenario("Quotas.nova_update", services=["compute"], admin_cleanup=["nova.quotas"])
async def nova_update(user: User, admin: User, max_quota: _Quota = 1024) -> None:
    """Set nova's quotas of a project to random values."""
    await quotas.update_quotas(admin, "compute", user.tenant.id, max_quota)


@scenario("Quotas.nova_update_and_delete", services=["compute"], admin_cleanup=["nova.quotas"])
async def nova_update_and_delete(user: User, admin: User, max_quota: _Quota = 1024) -> None:
    """Set nova's quotas of a project to random values, then to the defaults."""
    await quotas.update_quotas(admin, "compute", user.tenant.id, max_quota)
    await quotas.delete_quotas(admin, "compute", user.tenant.id)


@scenario("Quotas.cinder_get", services=["block-storage"], admin_cleanup=["cinder.quotas"])
async def cinder_get(user: User, admin: User) -> None:
    """Get cinder's quotas of a project."""
    await quotas.get_quotas(admin, "block-storage", user.tenant.id)


@scenario("Quotas.cinder_update", services=["block-storage"], admin_cleanup=["cinder.quotas"])
async def cinder_update(user: User, admin: User, max_quota: _Quota = 1024) -> None:
    """Set cinder's quotas of a project to random values."""
    await quotas.update_quotas(admin, "block-storage", user.tenant.id, max_quota)


@scenario("Quotas.cinder_update_and_delete", services=["block-storage"], admin_cleanup=["cinder.quotas"])
async def cinder_update_and_delete(user: User, admin: User, max_quota: _Quota = 1024) -> None:
    """Set cinder's quotas of a project to random values, then to the defaults."""
    await quotas.update_quotas(admin, "block-storage", user.tenant.id, max_quota)
    await quotas.delete_quotas(admin, "block-storage", user.tenant.id)


@scenario("Quotas.neutron_update", services=["network"], admin_cleanup=["neutron.quota"])
async def neutron_update(user: User, admin: User, max_quota: _Quota = 1024) -> None:
    """Set neutron's quotas of a project to random values."""
    await quotas.update_quotas(admin, "network", user.tenant.id, max_quota)
