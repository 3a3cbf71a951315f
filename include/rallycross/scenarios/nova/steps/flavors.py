"""Steps with flavors."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

from rallycross.scenario.arguments import Amount, AtLeastOne
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Flavor = dict[str, Any]


class FlavorOptions(TypedDict, total=False):
    """Options of a new flavor, by novaclient's names. Sizes are in GiB, that of `swap` in MiB."""

    flavorid: str  # "auto", the default: nova gives it an id
    ephemeral: Amount  # 0
    swap: Amount  # 0
    rxtx_factor: float  # 1.0; microversions since 2.102 do not have it
    is_public: bool  # True


class FlavorFilter(TypedDict, total=False):
    """Which flavors to list, and how, by novaclient's names."""

    marker: str | None
    min_disk: Amount | None
    min_ram: Amount | None
    limit: AtLeastOne | None
    sort_key: str | None
    sort_dir: Literal["asc", "desc"] | None


# The API's names, where they differ.
_FILTER_NAMES = {"min_disk": "minDisk", "min_ram": "minRam"}


@step("nova.list_flavors")
async def list_flavors(
    user: User, *, detailed: bool = True, is_public: bool | None = True, **wanted: Unpack[FlavorFilter]
) -> list[Flavor]:
    """List flavors: public ones, others, or with None both; only an administrator may list others."""
    params = {_FILTER_NAMES.get(name, name): str(value) for name, value in wanted.items() if value}
    if not is_public:  # nova's default, public ones, includes others that the project has access to
        params["is_public"] = str(is_public)
    path = "/flavors/detail" if detailed else "/flavors"
    found: list[Flavor] = (await user.get("compute", path, **params))["flavors"]
    return found


@step("nova.create_flavor")
async def create_flavor(admin: User, ram: int, vcpus: int, disk: int, **options: Unpack[FlavorOptions]) -> Flavor:
    """Create a flavor: `ram` in MiB, `disk` in GiB."""
    flavorid = options.get("flavorid", "auto")
    body = {
        "name": admin.name(),
        "ram": ram,
        "vcpus": vcpus,
        "disk": disk,
        "id": None if flavorid == "auto" else flavorid,
        "swap": options.get("swap", 0),
        "OS-FLV-EXT-DATA:ephemeral": options.get("ephemeral", 0),
        "os-flavor-access:is_public": options.get("is_public", True),
    }
    microversion = ""
    if "rxtx_factor" in options:
        body["rxtx_factor"], microversion = options["rxtx_factor"], "2.1"
    created: Flavor = (await admin.post("compute", "/flavors", {"flavor": body}, microversion=microversion))["flavor"]
    return created


@step("nova.get_flavor")
async def get_flavor(admin: User, flavor: Flavor) -> Flavor:
    """Get a flavor."""
    found: Flavor = (await admin.get("compute", f"/flavors/{flavor['id']}"))["flavor"]
    return found


@step("nova.delete_flavor")
async def delete_flavor(admin: User, flavor: Flavor) -> None:
    """Delete a flavor."""
    await admin.delete("compute", f"/flavors/{flavor['id']}")


@step("nova.list_flavor_access")
async def list_flavor_access(admin: User, flavor: Flavor) -> list[dict[str, Any]]:
    """List the projects that have access to a flavor that is not public."""
    answer = await admin.get("compute", f"/flavors/{flavor['id']}/os-flavor-access")
    found: list[dict[str, Any]] = answer["flavor_access"]
    return found


@step("nova.add_tenant_access")
async def add_tenant_access(admin: User, flavor: Flavor, project: str) -> None:
    """Give a project, by its id, access to a flavor."""
    await admin.post("compute", f"/flavors/{flavor['id']}/action", {"addTenantAccess": {"tenant": project}})


@step("nova.set_flavor_keys")
async def set_flavor_keys(admin: User, flavor: Flavor, extra_specs: Mapping[str, str]) -> None:
    """Add extra specs to a flavor."""
    await add_extra_specs(admin, flavor, extra_specs)


async def add_extra_specs(admin: User, flavor: Flavor, extra_specs: Mapping[str, str]) -> None:
    """Add extra specs to a flavor; it is not timed."""
    await admin.post("compute", f"/flavors/{flavor['id']}/os-extra_specs", {"extra_specs": dict(extra_specs)})
