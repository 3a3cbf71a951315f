"""The networks that users find in their cloud."""

from typing import Any

from rallycross.cloud.scene import Actor, Tenant
from rallycross.cloud.together import together
from rallycross.context.context import Backstage, Scene, context
from rallycross.context.making import Making
from rallycross.task.known import Needs


@context(
    "existing_network", order=349, schema={"type": "object", "additionalProperties": False}, needs=Needs(("network",))
)
class ExistingNetwork(Making):
    """Has scenarios use the networks that each project sees, in the place of new ones."""

    name = "existing_network"

    def __init__(self, config: Any, scene: Scene, backstage: Backstage) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(scene, backstage)

    def make_all(self) -> None:
        """Look; nothing is made."""
        together(self._look, self.seats())

    def _look(self, seat: tuple[Tenant, Actor]) -> None:
        tenant, user = seat
        for what in ("networks", "subnets"):
            tenant.resources[what] = self.backstage.api(user).list("network", f"/{what}", what)
