"""The agents of neutron."""

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
    """Gives scenarios the list of neutron's agents."""

    name = "networking_agents"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """List the agents; create nothing."""
        self.context_data.shared["networking_agents"] = self.admin.api().list("network", "/agents", "agents")
