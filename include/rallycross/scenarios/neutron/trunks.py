"""Scenarios about trunks."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from rallycross.scenario.arguments import Argument, Flavor, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import networks as neutron
from rallycross.scenarios.neutron.steps import ports, subnets, trunks
from rallycross.scenarios.neutron.steps.networks import NetworkOptions
from rallycross.scenarios.neutron.steps.ports import Port
from rallycross.scenarios.nova.steps import servers as nova
from rallycross.task.flaw import Flaw

_VLANS = 4094  # a trunk cannot have more subports
_CIDR = "1.0.0.0/24"  # the range of the first subnet; Rally's

Subports = Annotated[int, Argument({"type": "integer", "minimum": 1, "maximum": _VLANS})]


@scenario("NeutronTrunks.create_and_list_trunks", services=["network"], extensions=["trunk"], cleanup=["neutron"])
async def create_and_list_trunks(
    user: User, *, network_create_args: NetworkOptions | None = None, subport_count: Subports = 10
) -> None:
    """Create a trunk with subports in one network, then list all trunks and its subports."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    parent, *others = [await ports.create_port(user, network) for _ in range(subport_count + 1)]
    trunk = await trunks.create_trunk(user, parent, trunks.subports_of(others))
    await trunks.list_trunks(user)
    await trunks.list_subports(user, trunk)


@scenario(
    "NeutronTrunks.boot_server_with_subports",
    services=["compute", "network", "image"],
    extensions=["trunk"],
    cleanup=["neutron", "nova"],
)
async def boot_server_with_subports(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    network_create_args: NetworkOptions | None = None,
    subport_count: Subports = 10,
) -> None:
    """Boot a server on a trunk that has subports, each in a network of its own."""
    parent, *others = await _ports(user, subport_count + 1, network_create_args)
    await trunks.create_trunk(user, parent, trunks.subports_of(others))
    await nova.boot_server(user, image, flavor, nics=[{"port-id": parent["id"]}])


@scenario(
    "NeutronTrunks.boot_server_and_add_subports",
    services=["compute", "network", "image"],
    extensions=["trunk"],
    cleanup=["neutron", "nova"],
)
async def boot_server_and_add_subports(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    network_create_args: NetworkOptions | None = None,
    subport_count: Subports = 10,
) -> None:
    """Boot a server on a trunk, then add subports to it, one after another."""
    await _boot_and_add(user, image, flavor, network_create_args, batch=1, batches=subport_count)


def _too_many(args: Mapping[str, Any]) -> Iterator[Flaw]:
    count = args.get("subports_per_batch", 10) * args.get("batches", 5)
    if count > _VLANS:
        what = f"{count} subports in all are more than the {_VLANS} VLANs of a trunk"
        yield Flaw(("batches",), what, "lower `batches` or `subports_per_batch`")


@scenario(
    "NeutronTrunks.boot_server_and_batch_add_subports",
    services=["compute", "network", "image"],
    extensions=["trunk"],
    cleanup=["neutron", "nova"],
    contradictions=_too_many,
)
async def boot_server_and_batch_add_subports(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    network_create_args: NetworkOptions | None = None,
    subports_per_batch: Subports = 10,
    batches: Subports = 5,
) -> None:
    """Boot a server on a trunk, then add subports to it, several at a time."""
    await _boot_and_add(user, image, flavor, network_create_args, batch=subports_per_batch, batches=batches)


async def _boot_and_add(
    user: User, image: str, flavor: str, network_create_args: NetworkOptions | None, *, batch: int, batches: int
) -> None:
    parent, *others = await _ports(user, batch * batches + 1, network_create_args)
    trunk = await trunks.create_trunk(user, parent)
    await nova.boot_server(user, image, flavor, nics=[{"port-id": parent["id"]}])
    subports = trunks.subports_of(others)
    for begin in range(0, len(subports), batch):
        await trunks.add_subports(user, trunk, subports[begin : begin + batch])


async def _ports(user: User, count: int, network_create_args: NetworkOptions | None) -> list[Port]:
    """Create ports, each with a network and a subnet of its own."""
    made = []
    for number in range(count):
        network = await neutron.create_network(user, **(network_create_args or {}))
        subnet = await subnets.create_subnet(user, network, start=_CIDR, number=number, of=count)
        made.append(await ports.create_port(user, network, fixed_ips=[{"subnet_id": subnet["id"]}]))
    return made
