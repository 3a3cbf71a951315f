"""The agents of the network service."""

from typing import Any

from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.known import Needs


@context(
    "networking_agents",
    order=349,
    schema={"type": "object", "additionalProperties": False},
    needs=Needs(("network",), administrator=True),
)
class NetworkingAgents(ResourceContext):
    """Tells scenarios which agents neutron has."""

    name = "networking_agents"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """Look; nothing is made."""
        self.context_data.shared["networking_agents"] = self.admin.api().list("network", "/agents", "agents")
