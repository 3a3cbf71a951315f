"""Steps with EC2 credentials, the key pairs of the APIs of EC2 and S3, and with application credentials."""

import json
import secrets
from typing import Any

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Credential = dict[str, Any]

_NO_TOKEN = {"X-Auth-Token": ""}


@step("keystone.create_credential")
async def create_ec2_credential(user: User) -> Credential:
    """Create an EC2 credential of the user in its project; its access key is a random name, as the clean-up needs."""
    own = await user.client.access()
    blob = json.dumps({"access": user.name(), "secret": secrets.token_hex(16)})
    body = {"type": "ec2", "user_id": own.user, "project_id": own.project, "blob": blob}
    created: Credential = (await user.post("identity", "/credentials", {"credential": body}))["credential"]
    return created


@step("keystone.list_credentials")
async def list_ec2_credentials(user: User) -> list[Credential]:
    """List the EC2 credentials of the user."""
    own = (await user.client.access()).user
    found: list[Credential] = (await user.get("identity", "/credentials", user_id=own, type="ec2"))["credentials"]
    return found


@step("keystone.delete_credential")
async def delete_ec2_credential(user: User, credential: Credential) -> None:
    """Delete an EC2 credential."""
    await user.delete("identity", f"/credentials/{credential['id']}")


@step("keystone.create_application_credential")
async def create_application_credential(user: User) -> Credential:
    """Create an application credential with all roles that the user has in its project."""
    path, body = await _application_credentials(user), {"application_credential": {"name": user.name()}}
    created: Credential = (await user.post("identity", path, body))["application_credential"]
    return created


@step("keystone.authenticate_application_credential")
async def authenticate_application_credential(user: User, credential: Credential) -> None:
    """Get a token by an application credential alone."""
    identity = {
        "methods": ["application_credential"],
        "application_credential": {"id": credential["id"], "secret": credential["secret"]},
    }
    # Keystone would also validate the user's token if it got it.
    await user.client.request(
        "POST", "identity", "/auth/tokens", body={"auth": {"identity": identity}}, headers=_NO_TOKEN
    )


@step("keystone.delete_application_credential")
async def delete_application_credential(user: User, credential: Credential) -> None:
    """Delete an application credential."""
    await user.delete("identity", f"{await _application_credentials(user)}/{credential['id']}")


async def _application_credentials(user: User) -> str:
    return f"/users/{(await user.client.access()).user}/application_credentials"
