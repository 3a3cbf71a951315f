"""Scenarios about signing in, and about services that check tokens."""

from typing import Annotated

from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import tokens as keystone
from rallycross.task.bounds import COUNT

_Repetitions = Annotated[int, Argument(COUNT)]


@scenario("Authenticate.keystone", services=["identity"])
async def authenticate_keystone(user: User) -> None:
    """Get a new token from keystone."""
    await keystone.authenticate(user)


@scenario("Authenticate.validate_cinder", services=["block-storage"])
async def validate_cinder(user: User, repetitions: _Repetitions) -> None:
    """Have cinder check the token, some times, by small requests: lists of volume types."""
    with user.action("authenticate.validate_cinder"):
        for _ in range(repetitions):
            await user.get("block-storage", "/types", is_public="None")


@scenario("Authenticate.validate_glance", services=["image"])
async def validate_glance(user: User, repetitions: _Repetitions) -> None:
    """Have glance check the token, some times, by small requests: for an image that does not exist."""
    with user.action("authenticate.validate_glance"):
        for _ in range(repetitions):
            await user.get("image", "/images", name="__intentionally_non_existent_image___")


@scenario("Authenticate.validate_neutron", services=["network"])
async def validate_neutron(user: User, repetitions: _Repetitions) -> None:
    """Have neutron check the token, some times, by small requests: lists of networks."""
    with user.action("authenticate.validate_neutron"):
        for _ in range(repetitions):
            await user.get("network", "/networks")


@scenario("Authenticate.validate_nova", services=["compute"])
async def validate_nova(user: User, repetitions: _Repetitions) -> None:
    """Have nova check the token, some times, by small requests: lists of flavors."""
    with user.action("authenticate.validate_nova"):
        for _ in range(repetitions):
            await user.get("compute", "/flavors/detail")


@scenario("KeystoneBasic.authenticate_user_and_validate_token", services=["identity"], admin_cleanup=["keystone"])
async def authenticate_user_and_validate_token(admin: User) -> None:
    """Get a new token, then have keystone check it."""
    token = await keystone.fetch_token(admin)
    await keystone.validate_token(admin, token)


@scenario(
    "KeystoneBasic.authenticate_with_large_catalog",
    services=["identity"],
    contexts={"catalog": {}},
    disrupts="makes the catalog large, which everybody gets",
)
async def authenticate_with_large_catalog(user: User) -> None:
    """Get a new token with a large catalog, then have keystone check it."""
    token = await keystone.fetch_token(user)
    await keystone.validate_token(user, token)
