"""Scenarios about server groups."""

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from rallycross.scenario.arguments import AtLeastOne, Flavor, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import server_groups as nova
from rallycross.scenarios.nova.steps.server_groups import Policies, Policy, ServerGroup, ServerGroupOptions
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import Server, delete_servers
from rallycross.task.flaw import Flaw


def _no_policies(args: Mapping[str, Any]) -> Iterator[Flaw]:
    if not args.get("policies") and args.get("kwargs") is None:
        yield Flaw((), "lacks the argument 'policies'", "add `policies: [anti-affinity]`, or another policy")


@scenario(
    "NovaServerGroups.create_and_list_server_groups",
    services=["compute"],
    cleanup=["nova"],
    contradictions=_no_policies,
)
async def create_and_list_server_groups(
    user: User,
    admin: User,
    policies: Policies | None = None,
    *,
    all_projects: bool = False,
    kwargs: ServerGroupOptions | None = None,
) -> None:
    """Create a server group, then list those of the project, or as the administrator those of all projects."""
    group = await _create(user, policies, kwargs)
    listed = await nova.list_server_groups(admin if all_projects else user, all_projects=all_projects)
    assert group["id"] in [one["id"] for one in listed], "the new server group is not in the list"


@scenario(
    "NovaServerGroups.create_and_get_server_group", services=["compute"], cleanup=["nova"], contradictions=_no_policies
)
async def create_and_get_server_group(
    user: User, policies: Policies | None = None, kwargs: ServerGroupOptions | None = None
) -> None:
    """Create a server group, then get it."""
    group = await _create(user, policies, kwargs)
    found = await nova.get_server_group(user, group)
    assert found["id"] == group["id"], "another server group than the new one was answered"


@scenario(
    "NovaServerGroups.create_and_delete_server_group",
    services=["compute"],
    cleanup=["nova"],
    contradictions=_no_policies,
)
async def create_and_delete_server_group(
    user: User, policies: Policies | None = None, kwargs: ServerGroupOptions | None = None
) -> None:
    """Create a server group, then delete it."""
    group = await _create(user, policies, kwargs)
    await nova.delete_server_group(user, group)


@scenario("NovaServerGroups.boot_and_delete_servers_in_group", services=["compute", "image"], cleanup=["nova"])
async def boot_and_delete_servers_in_group(
    user: User,
    image: Image,
    flavor: Flavor,
    policy: Policy = "anti-affinity",
    servers: AtLeastOne = 2,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot several servers at once into a new server group, see that they keep to its policy, then delete all."""
    group = await nova.create_server_group(user, policy)
    booted = await nova.boot_servers_into_group(user, image, flavor, group, servers, **options)
    _see_where(user, booted, policy)
    await delete_servers(user, booted)
    await nova.delete_server_group(user, group)


def _see_where(user: User, servers: list[Server], policy: Policy) -> None:
    """Fail if servers are not on the hosts that a policy demands, and report how many hosts they are on."""
    hosts = len({server["hostId"] for server in servers})  # users see an id of the host, not its name
    wanted = {"affinity": 1, "anti-affinity": len(servers)}.get(policy, hosts)  # a soft policy demands nothing
    user.iteration.add_output(
        additive={
            "title": "Hosts of a server group",
            "description": f"How many hosts the {len(servers)} servers of a group are on, by the policy {policy}",
            "chart_plugin": "Lines",
            "data": [["hosts", hosts]],
            "label": "hosts",
            "axis_label": "iteration",
        }
    )
    assert hosts == wanted, f"{len(servers)} servers of a group with the policy {policy} are on {hosts} hosts"


async def _create(user: User, policies: Policies | None, kwargs: ServerGroupOptions | None) -> ServerGroup:
    """Create a server group. `kwargs` is how task files gave the policies formerly; it comes first, as in Rally."""
    return await nova.create_server_group(user, kwargs["policies"] if kwargs else policies or [])
