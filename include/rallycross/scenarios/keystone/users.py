"""Scenarios about users."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Unpack

from rallycross.scenario.arguments import Argument, schema_of
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import users as keystone
from rallycross.scenarios.keystone.steps.domains import domain_in
from rallycross.scenarios.keystone.steps.users import EnabledUserOptions, UserChanges, UserOptions
from rallycross.task.flaw import Flaw

# Rally ignores `name_length` and `password_length`; task files of earlier years give them.


@scenario("KeystoneBasic.create_user", services=["identity"], admin_cleanup=["keystone"])
async def create_user(admin: User, name_length: int = 10, **options: Unpack[UserOptions]) -> None:  # noqa: ARG001
    """Create a user with a random name."""
    await keystone.create_user(admin, **options)


@scenario("KeystoneBasic.create_delete_user", services=["identity"], admin_cleanup=["keystone"])
async def create_delete_user(admin: User, name_length: int = 10, **options: Unpack[UserOptions]) -> None:  # noqa: ARG001
    """Create a user with a random name, then delete it."""
    user = await keystone.create_user(admin, **options)
    await keystone.delete_user(admin, user)


@scenario("KeystoneBasic.create_and_list_users", services=["identity"], admin_cleanup=["keystone"])
async def create_and_list_users(admin: User, name_length: int = 10, **options: Unpack[UserOptions]) -> None:  # noqa: ARG001
    """Create a user with a random name, then list all users."""
    await keystone.create_user(admin, **options)
    await keystone.list_users(admin)


@scenario("KeystoneBasic.create_user_set_enabled_and_delete", services=["identity"], admin_cleanup=["keystone"])
async def create_user_set_enabled_and_delete(
    admin: User, *, enabled: bool = True, **options: Unpack[EnabledUserOptions]
) -> None:
    """Create a user that is enabled or disabled, make it the opposite, then delete it."""
    user = await keystone.create_user(admin, enabled=enabled, **options)
    await keystone.update_user(admin, user, enabled=not enabled)
    await keystone.delete_user(admin, user)


@scenario("KeystoneBasic.create_user_update_password", services=["identity"], admin_cleanup=["keystone"])
async def create_user_update_password(
    admin: User,
    name_length: int | None = None,  # noqa: ARG001
    password_length: int | None = None,  # noqa: ARG001
) -> None:
    """Create a user, then give it a password."""
    user = await keystone.create_user(admin)
    await keystone.update_user(admin, user, password=admin.name())


def _nothing_to_update(args: Mapping[str, Any]) -> Iterator[Flaw]:
    if not args.get("update_user_kwargs"):
        yield Flaw(("update_user_kwargs",), "says nothing to update", "write for example `{enabled: false}`")


@scenario(
    "KeystoneBasic.create_and_update_user",
    services=["identity"],
    admin_cleanup=["keystone"],
    contradictions=_nothing_to_update,
)
async def create_and_update_user(
    admin: User,
    create_user_kwargs: Annotated[UserOptions, Argument(schema_of(UserOptions), references=domain_in)] | None = None,
    update_user_kwargs: UserChanges | None = None,
) -> None:
    """Create a user, update it, and check that it has changed."""
    changes = update_user_kwargs or {}
    user = await keystone.create_user(admin, **(create_user_kwargs or {}))
    await keystone.update_user(admin, user, **changes)
    now = (await admin.get("identity", f"/users/{user['id']}"))["user"]
    for key, value in changes.items():
        if key != "password" and now.get(key) != value:  # keystone shows no passwords
            raise ValueError(f"{key} of the user is {now.get(key)!r} after an update to {value!r}")
