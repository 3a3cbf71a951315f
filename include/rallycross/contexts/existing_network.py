"""The networks that the cloud already has."""

from typing import Any

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.parallel import in_parallel
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.known import Needs


@context(
    "existing_network", order=349, schema={"type": "object", "additionalProperties": False}, needs=Needs(("network",))
)
class ExistingNetwork(ResourceContext):
    """Lets scenarios use the networks that each project sees, instead of new ones."""

    name = "existing_network"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """List the networks; create nothing."""
        in_parallel(self._look, self.project_users())

    def _look(self, project_user: tuple[Tenant, Actor]) -> None:
        tenant, user = project_user
        for what in ("networks", "subnets"):
            tenant.resources[what] = self.admin.api(user).list("network", f"/{what}", what)
