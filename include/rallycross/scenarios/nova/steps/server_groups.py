"""Steps with server groups."""

import asyncio
from typing import Annotated, Any, Literal, TypedDict, Unpack

from rallycross.scenario.arguments import Since, needed_microversion
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import Server, boot_server

ServerGroup = dict[str, Any]

Word = Literal["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]

_FIRST = "2.1"


def _is_soft(policies: Word | list[Word]) -> bool:
    return any(one.startswith("soft-") for one in _several(policies))


def _several(policies: Word | list[Word]) -> list[Word]:
    return policies if isinstance(policies, list) else [policies]


_SOFT = Since("compute", "2.15", when=_is_soft)

Policy = Annotated[Word, _SOFT]
Policies = Annotated[Word | list[Word], _SOFT]


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


@step("nova.boot_servers")
async def boot_servers_into_group(
    user: User, image: str, flavor: str, group: ServerGroup, count: int, **options: Unpack[ServerOptions]
) -> list[Server]:
    """Boot `count` servers into a group, all at once by a request each, and wait until all are ACTIVE.

    One request for all of them would not be the same: the scheduler would choose their hosts together.
    """
    options["scheduler_hints"] = {**options.get("scheduler_hints", {}), "group": group["id"]}
    boots = [boot_server(user, image, flavor, **options) for _ in range(count)]
    results = await asyncio.gather(*boots, return_exceptions=True)  # the others go on if one fails
    return [_booted(one) for one in results]


def _booted(result: Server | BaseException) -> Server:
    """Return a server; raise the error that came instead of it."""
    if isinstance(result, BaseException):
        raise result
    return result


@step("nova.delete_server_group")
async def delete_server_group(user: User, group: ServerGroup) -> None:
    """Delete a server group."""
    await user.delete("compute", f"/os-server-groups/{group['id']}")
