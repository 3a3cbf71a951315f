"""A key pair for every user."""

from typing import Any

from rallycross.cloud.context_data import Actor
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.known import Needs


@context("keypair", order=310, schema={"type": "object", "additionalProperties": False}, needs=Needs(("compute",)))
class Keypair(ResourceContext):
    """Creates a key pair in nova for every user, for logging in to servers."""

    name = "keypair"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """Create the key pairs. Only the answer to this request has the private key."""
        self.project_users()
        in_parallel(self._make, self.context_data.users)

    def _make(self, user: Actor) -> None:
        def create(name: str) -> Thing:
            made: Thing = self.admin.api(user).post("compute", "/os-keypairs", {"keypair": {"name": name}})
            return dict(made["keypair"])

        pair = self.make("nova.keypairs", create, within=user.tenant, user=user.id, adopt=False)
        user.keypair = {"name": pair["name"], "private": pair["private_key"], "public": pair["public_key"]}
