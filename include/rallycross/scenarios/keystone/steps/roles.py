"""Steps with roles, and with the roles that users have in projects."""

from typing import Annotated, Any, TypedDict

from rallycross.scenario.arguments import Argument, schema_of
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps.domains import DomainName, domain_id, domain_in

Role = dict[str, Any]


class RoleOptions(TypedDict, total=False):
    """Options of a new role, by Rally's names."""

    domain_name: DomainName  # only users and projects of this domain can then have the role


class RoleFilter(TypedDict, total=False):
    """Which roles to list: all, those of a domain, or those that a user has in a project or domain."""

    user_id: str
    project_id: str
    domain_name: DomainName


NewRole = Annotated[RoleOptions, Argument(schema_of(RoleOptions), references=domain_in)]
ListedRoles = Annotated[RoleFilter, Argument(schema_of(RoleFilter), references=domain_in)]


@step("keystone.create_role")
async def create_role(admin: User, *, domain_name: str | None = None) -> Role:
    """Create a role with a random name."""
    body = {"name": admin.name()}
    if domain_name:
        body["domain_id"] = await domain_id(admin, domain_name)
    created: Role = (await admin.post("identity", "/roles", {"role": body}))["role"]
    return created


@step("keystone.get_role")
async def get_role(admin: User, role: Role) -> Role:
    """Get a role by its id."""
    found: Role = (await admin.get("identity", f"/roles/{role['id']}"))["role"]
    return found


@step("keystone.list_roles")
async def list_roles(
    admin: User, *, user_id: str | None = None, project_id: str | None = None, domain_name: str | None = None
) -> list[Role]:
    """List all roles, those of a domain, or those that a user has in a project or domain."""
    domain = await domain_id(admin, domain_name) if domain_name else None
    if user_id:
        where = f"/domains/{domain}" if domain else f"/projects/{project_id}"
        answer = await admin.get("identity", f"{where}/users/{user_id}/roles")
    else:
        answer = await admin.get("identity", "/roles", **({"domain_id": domain} if domain else {}))
    found: list[Role] = answer["roles"]
    return found


async def role_of_name(admin: User, name: str) -> Role:
    """Return the role of a name; raise `LookupError` if there is none."""
    with admin.action("keystone.list_roles"):
        found: list[Role] = (await admin.get("identity", "/roles", name=name))["roles"]
    if not found:
        raise LookupError(f"there is no role '{name}' - create it, or name another one as `default_role`")
    return found[0]


@step("keystone.add_role")
async def add_role(admin: User, role: Role, user_id: str, project_id: str) -> None:
    """Give a role in a project to a user."""
    await admin.put("identity", _grant(role, user_id, project_id))


@step("keystone.revoke_role")
async def revoke_role(admin: User, role: Role, user_id: str, project_id: str) -> None:
    """Take a role in a project from a user."""
    await admin.delete("identity", _grant(role, user_id, project_id))


@step("keystone.delete_role")
async def delete_role(admin: User, role: Role) -> None:
    """Delete a role."""
    await admin.delete("identity", f"/roles/{role['id']}")


def _grant(role: Role, user_id: str, project_id: str) -> str:
    return f"/projects/{project_id}/users/{user_id}/roles/{role['id']}"
