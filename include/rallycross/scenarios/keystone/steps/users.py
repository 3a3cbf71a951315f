"""Steps with users."""

from typing import Any, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import roles
from rallycross.scenarios.keystone.steps.domains import DomainName, domain_id

UserThing = dict[str, Any]


class EnabledUserOptions(TypedDict, total=False):
    """Options of a new user, by Rally's names, except whether it is enabled."""

    password: str
    project_id: str  # its default project, in which it gets a role
    domain_name: DomainName
    default_role: str


class UserOptions(EnabledUserOptions, total=False):
    """Options of a new user, by Rally's names."""

    enabled: bool


class UserChanges(TypedDict, total=False):
    """What can be changed of a user; not its name, by which the clean-up finds it."""

    enabled: bool
    email: str
    password: str


@step("keystone.create_user")
async def create_user(
    admin: User,
    *,
    password: str | None = None,
    project_id: str | None = None,
    domain_name: str = "Default",
    enabled: bool = True,
    default_role: str = "member",
) -> UserThing:
    """Create a user with a random name; with a project, also give it a role there."""
    body: dict[str, Any] = {
        "name": admin.name(),
        "enabled": enabled,
        "domain_id": await domain_id(admin, domain_name),
    }
    if password is not None:
        body["password"] = password
    if project_id is not None:
        body["default_project_id"] = project_id
    created: UserThing = (await admin.post("identity", "/users", {"user": body}))["user"]
    if project_id is not None:
        role = await roles.role_of_name(admin, default_role)
        await roles.add_role(admin, role, created["id"], project_id)
    return created


@step("keystone.update_user")
async def update_user(admin: User, user: UserThing, **changes: Unpack[UserChanges]) -> None:
    """Change a user."""
    await admin.patch("identity", f"/users/{user['id']}", {"user": dict(changes)})


@step("keystone.get_user")
async def get_user(admin: User, user: UserThing) -> UserThing:
    """Get a user by its id."""
    found: UserThing = (await admin.get("identity", f"/users/{user['id']}"))["user"]
    return found


@step("keystone.list_users")
async def list_users(admin: User) -> list[UserThing]:
    """List all users."""
    found: list[UserThing] = (await admin.get("identity", "/users"))["users"]
    return found


@step("keystone.delete_user")
async def delete_user(admin: User, user: UserThing) -> None:
    """Delete a user."""
    await admin.delete("identity", f"/users/{user['id']}")
