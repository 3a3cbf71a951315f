"""The networks that users find in their cloud."""

from typing import Any

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.together import together
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.making import Making
from rallycross.task.known import Needs


@context(
    "existing_network", order=349, schema={"type": "object", "additionalProperties": False}, needs=Needs(("network",))
)
class ExistingNetwork(Making):
    """Has scenarios use the networks that each project sees, in the place of new ones."""

    name = "existing_network"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """Look; nothing is made."""
        together(self._look, self.seats())

    def _look(self, seat: tuple[Tenant, Actor]) -> None:
        tenant, user = seat
        for what in ("networks", "subnets"):
            tenant.resources[what] = self.admin.api(user).list("network", f"/{what}", what)
