"""Ports in every network of the context `network`."""

from typing import Any

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.bounds import COUNT
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_SCHEMA: Schema = {"type": "object", "properties": {"ports_per_network": COUNT}, "additionalProperties": False}


@context("ports", order=352, schema=_SCHEMA, needs=Needs(("network",)))
class Ports(ResourceContext):
    """Creates ports without devices in every network that contexts have made, for lists of many ports."""

    name = "ports"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._count: int = config.get("ports_per_network", 100)

    def make_all(self) -> None:
        """Create the ports."""
        wanted = []
        for tenant, user in self.project_users():
            tenant.resources["ports"] = []
            if not (networks := tenant.resources.get("networks")):
                raise SetUpFailed("ports: there are no networks - add `network: {}` to the contexts")
            wanted += [(tenant, user, network) for network in networks for _ in range(self._count)]
        for tenant, port in in_parallel(self._make, wanted):
            tenant.resources["ports"].append(port)

    def _make(self, one: tuple[Tenant, Actor, Thing]) -> tuple[Tenant, Thing]:
        tenant, user, network = one

        def create(name: str) -> Thing:
            body = {"port": {"name": name, "network_id": network["id"]}}
            return dict(self.admin.api(user).post("network", "/ports", body)["port"])

        return tenant, self.make("neutron.port", create, within=tenant)
