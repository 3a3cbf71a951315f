"""Steps with server groups."""

from typing import Any, TypedDict

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

ServerGroup = dict[str, Any]

Policies = str | list[str]


class ServerGroupOptions(TypedDict):
    """What a server group is created with, by novaclient's names."""

    policies: Policies


@step("nova.create_server_group")
async def create_server_group(user: User, policies: Policies) -> ServerGroup:
    """Create a server group with a policy, such as "anti-affinity"."""
    wanted = [policies] if isinstance(policies, str) else policies
    body = {"name": user.name(), "policies": wanted}
    answer = await user.post("compute", "/os-server-groups", {"server_group": body}, microversion=microversion(wanted))
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


def microversion(policies: Policies) -> str:
    """Return the microversion in which a server group can be created with these policies.

    Soft policies came with 2.15. The key `policies` went with 2.64, so this does not depend on what a task file asks.
    """
    return "2.15" if any(one.startswith("soft-") for one in policies) else "2.1"
