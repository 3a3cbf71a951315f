"""Scenarios about the credentials of users."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps import credentials as keystone


@scenario("KeystoneBasic.create_and_list_ec2credentials", services=["identity"], cleanup=["keystone"])
async def create_and_list_ec2credentials(user: User) -> None:
    """Create an EC2 credential, then list those of the user."""
    await keystone.create_ec2_credential(user)
    await keystone.list_ec2_credentials(user)


@scenario("KeystoneBasic.create_and_delete_ec2credential", services=["identity"], cleanup=["keystone"])
async def create_and_delete_ec2credential(user: User) -> None:
    """Create an EC2 credential, then delete it."""
    credential = await keystone.create_ec2_credential(user)
    await keystone.delete_ec2_credential(user, credential)


@scenario(
    "KeystoneBasic.create_authenticate_and_delete_application_credential", services=["identity"], cleanup=["keystone"]
)
async def create_authenticate_and_delete_application_credential(user: User) -> None:
    """Create an application credential, sign in with it, then delete it."""
    credential = await keystone.create_application_credential(user)
    await keystone.authenticate_application_credential(user, credential)
    await keystone.delete_application_credential(user, credential)
