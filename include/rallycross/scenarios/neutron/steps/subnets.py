"""Steps with subnets."""

from typing import Any, TypedDict, Unpack

from rallycross.cloud.cidr import NAMESERVERS, START_CIDRS, ip_version, nth_cidr
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed
from rallycross.scenarios.neutron.steps.networks import Network
from rallycross.scenarios.neutron.steps.routers import Router, add_interface

Subnet = dict[str, Any]


class _Options(TypedDict, total=False):
    allocation_pools: list[dict[str, str]]
    description: str
    dns_nameservers: list[str]
    dns_publish_fixed_ip: bool
    enable_dhcp: bool
    gateway_ip: str | None
    host_routes: list[dict[str, str]]
    segment_id: str
    service_types: list[str]


class SubnetOptions(_Options, total=False):
    """Options of a new subnet, by the API's names."""

    cidr: str
    ip_version: int
    ipv6_address_mode: str
    ipv6_ra_mode: str
    prefixlen: int
    project_id: str
    subnetpool_id: str
    use_default_subnetpool: bool


class SubnetUpdates(_Options, total=False):
    """Options of an existing subnet, by the API's names."""


_POOLS = frozenset({"prefixlen", "subnetpool_id", "use_default_subnetpool"})


@step("neutron.create_subnet")
async def create_subnet(
    user: User,
    network: Network,
    *,
    start: str | None = None,
    number: int = 0,
    of: int = 1,
    router: Router | None = None,
    **options: Unpack[SubnetOptions],
) -> Subnet:
    """Create a subnet, and join it to the router if one is given.

    It is the `number`th of the `of` subnets that each iteration creates. Without a `cidr`, and without a subnet pool,
    it gets the range that is its own among those of all iterations, counted from `start`.
    """
    body: dict[str, Any] = {"name": user.name(), "network_id": network["id"], **options}
    if "cidr" not in body and (start or not _POOLS & body.keys()):
        body["cidr"] = _own_cidr(user, start or START_CIDRS[body.get("ip_version", 4)], number, of)
        body["ip_version"] = ip_version(body["cidr"])
    body.setdefault("ip_version", ip_version(body["cidr"]) if "cidr" in body else 4)
    body.setdefault("dns_nameservers", NAMESERVERS.get(body["ip_version"]))
    subnet: Subnet = (await user.post("network", "/subnets", {"subnet": body}))["subnet"]
    if router:
        await add_interface(user, router, subnet)
    return subnet


def _own_cidr(user: User, start: str, number: int, of: int) -> str:
    """Return a range that no other iteration gets, in whichever process, and no context has given to a subnet."""
    made = sum(len(tenant.resources.get("subnets", ())) for tenant in user.context_data.tenants.values())
    return nth_cidr(start, made + user.iteration.number * of + number)


async def create_subnets(
    user: User, network: Network, count: int, *, start: str | None = None, **options: Unpack[SubnetOptions]
) -> list[Subnet]:
    """Create subnets, one after another, whose ranges do not overlap."""
    return [
        await create_subnet(user, network, start=start, number=number, of=count, **options) for number in range(count)
    ]


@step("neutron.show_subnet")
async def show_subnet(user: User, subnet: Subnet) -> Subnet:
    """Request a subnet by its id."""
    found: Subnet = (await user.get("network", f"/subnets/{subnet['id']}"))["subnet"]
    return found


@step("neutron.update_subnet")
async def update_subnet(user: User, subnet: Subnet, **updates: Unpack[SubnetUpdates]) -> Subnet:
    """Change a subnet."""
    updated: Subnet = (await user.put("network", f"/subnets/{subnet['id']}", {"subnet": updates}))["subnet"]
    return updated


@step("neutron.delete_subnet")
async def delete_subnet(user: User, subnet: Subnet) -> None:
    """Delete a subnet."""
    await user.delete("network", f"/subnets/{subnet['id']}")


@step("neutron.list_subnets")
async def list_subnets(user: User) -> list[Subnet]:
    """List the subnets that the user sees."""
    return await listed(user, "/subnets", "subnets", {})
