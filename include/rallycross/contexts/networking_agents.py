"""The agents of the network service."""

from typing import Any

from rallycross.context.context import Backstage, Scene, context
from rallycross.context.making import Making
from rallycross.task.known import Needs


@context(
    "networking_agents",
    order=349,
    schema={"type": "object", "additionalProperties": False},
    needs=Needs(("network",), administrator=True),
)
class NetworkingAgents(Making):
    """Tells scenarios which agents neutron has."""

    name = "networking_agents"

    def __init__(self, config: Any, scene: Scene, backstage: Backstage) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(scene, backstage)

    def make_all(self) -> None:
        """Look; nothing is made."""
        self.scene.shared["networking_agents"] = self.backstage.api().list("network", "/agents", "agents")
