"""Scenarios about flavors."""

from typing import Unpack

from rallycross.scenario.arguments import Amount, AtLeastOne
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import flavors as nova
from rallycross.scenarios.nova.steps.flavors import FlavorFilter, FlavorOptions


@scenario("NovaFlavors.list_flavors", services=["compute"], strict=True)
async def list_flavors(
    user: User, *, detailed: bool = True, is_public: bool | None = True, **wanted: Unpack[FlavorFilter]
) -> None:
    """List flavors."""
    await nova.list_flavors(user, detailed=detailed, is_public=is_public, **wanted)


@scenario("NovaFlavors.create_and_list_flavor_access", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_and_list_flavor_access(
    admin: User, ram: AtLeastOne, vcpus: AtLeastOne, disk: Amount, **options: Unpack[FlavorOptions]
) -> None:
    """Create a flavor that is not public, whatever `is_public` says, then list who has access to it."""
    options["is_public"] = False  # a public flavor has no such list
    flavor = await nova.create_flavor(admin, ram, vcpus, disk, **options)
    await nova.list_flavor_access(admin, flavor)


@scenario("NovaFlavors.create_flavor_and_add_tenant_access", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_flavor_and_add_tenant_access(
    user: User, admin: User, ram: AtLeastOne, vcpus: AtLeastOne, disk: Amount, **options: Unpack[FlavorOptions]
) -> None:
    """Create a flavor, then give a project access to it."""
    flavor = await nova.create_flavor(admin, ram, vcpus, disk, **options)
    await nova.add_tenant_access(admin, flavor, user.tenant.id)


@scenario("NovaFlavors.create_flavor", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_flavor(
    admin: User, ram: AtLeastOne, vcpus: AtLeastOne, disk: Amount, **options: Unpack[FlavorOptions]
) -> None:
    """Create a flavor."""
    await nova.create_flavor(admin, ram, vcpus, disk, **options)


@scenario("NovaFlavors.create_and_get_flavor", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_and_get_flavor(
    admin: User, ram: AtLeastOne, vcpus: AtLeastOne, disk: Amount, **options: Unpack[FlavorOptions]
) -> None:
    """Create a flavor, then get it."""
    flavor = await nova.create_flavor(admin, ram, vcpus, disk, **options)
    await nova.get_flavor(admin, flavor)


@scenario("NovaFlavors.create_and_delete_flavor", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_and_delete_flavor(
    admin: User, ram: AtLeastOne, vcpus: AtLeastOne, disk: Amount, **options: Unpack[FlavorOptions]
) -> None:
    """Create a flavor, then delete it."""
    flavor = await nova.create_flavor(admin, ram, vcpus, disk, **options)
    await nova.delete_flavor(admin, flavor)


@scenario("NovaFlavors.create_flavor_and_set_keys", services=["compute"], admin_cleanup=["nova"], strict=True)
async def create_flavor_and_set_keys(
    admin: User,
    ram: AtLeastOne,
    vcpus: AtLeastOne,
    disk: Amount,
    extra_specs: dict[str, str],
    **options: Unpack[FlavorOptions],
) -> None:
    """Create a flavor, then add extra specs to it."""
    flavor = await nova.create_flavor(admin, ram, vcpus, disk, **options)
    await nova.set_flavor_keys(admin, flavor, extra_specs)
