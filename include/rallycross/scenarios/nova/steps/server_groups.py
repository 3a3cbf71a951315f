"""Steps with server groups."""

from typing import Annotated, Any, Literal, TypedDict

from rallycross.scenario.arguments import Since, needed_microversion
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

ServerGroup = dict[str, Any]

Policy = Literal["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]

_FIRST = "2.1"


def _is_soft(policies: Policy | list[Policy]) -> bool:
    return any(one.startswith("soft-") for one in _several(policies))


def _several(policies: Policy | list[Policy]) -> list[Policy]:
    return policies if isinstance(policies, list) else [policies]


Policies = Annotated[Policy | list[Policy], Since("compute", "2.15", when=_is_soft)]


class ServerGroupOptions(TypedDict):
    """What a server group is created with, by novaclient's names."""

    policies: Policies


@step("nova.create_server_group")
async def create_server_group(user: User, policies: Policies) -> ServerGroup:
    """Create a server group with a policy, such as "anti-affinity"."""
    body = {"server_group": {"name": user.name(), "policies": _several(policies)}}
    needed = needed_microversion(Policies, policies) or _FIRST  # whatever the task file asks: 2.64 dropped `policies`
    answer = await user.post("compute", "/os-server-groups", body, microversion=needed)
    created: ServerGroup = answer["server_group"]
    return created


@step("nova.get_server_group")
async def get_server_group(user: User, group: ServerGroup) -> ServerGroup:
    """Get a server group."""
    found: ServerGroup = (await user.get("compute", f"/os-server-groups/{group['id']}"))["server_group"]
    return found


@step("nova.list_server_groups")
async def list_server_groups(user: User, *, all_projects: bool = False) -> list[ServerGroup]:
    """List the server groups of the user's project, or of all projects, which only an administrator may."""
    params = {"all_projects": "True"} if all_projects else {}
    found: list[ServerGroup] = (await user.get("compute", "/os-server-groups", **params))["server_groups"]
    return found


@step("nova.delete_server_group")
async def delete_server_group(user: User, group: ServerGroup) -> None:
    """Delete a server group."""
    await user.delete("compute", f"/os-server-groups/{group['id']}")
