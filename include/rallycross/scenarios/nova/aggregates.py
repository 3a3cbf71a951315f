"""Scenarios about host aggregates."""

from rallycross.scenario.arguments import Amount, AtLeastOne, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import aggregates as nova
from rallycross.scenarios.nova.steps.flavors import add_extra_specs, create_flavor
from rallycross.scenarios.nova.steps.hypervisors import list_hypervisors
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import boot_server


@scenario("NovaAggregates.list_aggregates", services=["compute"])
async def list_aggregates(admin: User) -> None:
    """List all aggregates."""
    await nova.list_aggregates(admin)


@scenario("NovaAggregates.create_and_list_aggregates", services=["compute"], admin_cleanup=["nova"])
async def create_and_list_aggregates(admin: User, availability_zone: str | None) -> None:
    """Create an aggregate, then list all aggregates."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    listed = await nova.list_aggregates(admin)
    assert aggregate["id"] in [one["id"] for one in listed], "the new aggregate is not in the list"


@scenario("NovaAggregates.create_and_delete_aggregate", services=["compute"], admin_cleanup=["nova"])
async def create_and_delete_aggregate(admin: User, availability_zone: str | None) -> None:
    """Create an aggregate, then delete it."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    await nova.delete_aggregate(admin, aggregate)


@scenario("NovaAggregates.create_and_update_aggregate", services=["compute"], admin_cleanup=["nova"])
async def create_and_update_aggregate(admin: User, availability_zone: str | None) -> None:
    """Create an aggregate, then give it another name and another availability zone."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    await nova.update_aggregate(admin, aggregate)


@scenario(
    "NovaAggregates.create_aggregate_add_and_remove_host",
    services=["compute"],
    admin_cleanup=["nova"],
    disrupts="changes the aggregates of a compute host",
)
async def create_aggregate_add_and_remove_host(admin: User, availability_zone: str | None) -> None:
    """Create an aggregate, add a compute host to it, then remove the host from it."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    host = (await list_hypervisors(admin))[0]["service"]["host"]
    await nova.aggregate_add_host(admin, aggregate, host)
    await nova.aggregate_remove_host(admin, aggregate, host)


@scenario("NovaAggregates.create_and_get_aggregate_details", services=["compute"], admin_cleanup=["nova"])
async def create_and_get_aggregate_details(admin: User, availability_zone: str | None) -> None:
    """Create an aggregate, then get its details."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    await nova.get_aggregate_details(admin, aggregate)


@scenario(
    "NovaAggregates.create_aggregate_add_host_and_boot_server",
    services=["compute", "image"],
    cleanup=["nova"],
    admin_cleanup=["nova"],
    disrupts="changes the aggregates of a compute host",
)
async def create_aggregate_add_host_and_boot_server(
    user: User,
    admin: User,
    image: Image,
    metadata: dict[str, str],
    availability_zone: str | None = None,
    *,
    ram: AtLeastOne = 512,
    vcpus: AtLeastOne = 1,
    disk: Amount = 1,
    boot_server_kwargs: ServerOptions | None = None,
) -> None:
    """Boot a server with a flavor that only the host of an aggregate satisfies, and see that it is on this host."""
    aggregate = await nova.create_aggregate(admin, availability_zone)
    usable = [one for one in await list_hypervisors(admin) if one["state"] == "up" and one["status"] != "disabled"]
    assert usable, "no hypervisor is up and enabled"
    host = usable[0]["service"]["host"]
    await nova.aggregate_set_metadata(admin, aggregate, metadata)
    await nova.aggregate_add_host(admin, aggregate, host)
    flavor = await create_flavor(admin, ram, vcpus, disk)
    await add_extra_specs(admin, flavor, metadata)
    server = await boot_server(user, image, flavor["id"], **(boot_server_kwargs or {}))
    seen = (await admin.get("compute", f"/servers/{server['id']}"))["server"]  # only an administrator sees the host
    booted_on = seen["OS-EXT-SRV-ATTR:host"]
    assert booted_on == host, (
        f"the server is on the host {booted_on}, not on the aggregate's host {host}:"
        " the scheduler needs the filter AggregateInstanceExtraSpecsFilter"
    )
