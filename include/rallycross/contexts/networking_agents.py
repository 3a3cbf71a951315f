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
    """Gives scenarios neutron's agents or, if the cloud has none, the hosts of nova: ports are then bound to these."""

    name = "networking_agents"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """List the agents; create nothing."""
        api = self.admin.api()
        agents = api.list("network", "/agents", "agents")
        services = [] if agents else api.list("compute", "/os-services", "services", {"binary": "nova-compute"})
        self.context_data.shared["networking_agents"] = agents
        self.context_data.shared["agentless_hosts"] = [one["host"] for one in services if one["state"] == "up"]
