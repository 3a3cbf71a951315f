"""Routers in every project."""

from typing import Any

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.context.schemas import GATEWAY
from rallycross.task.bounds import COUNT
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string"}
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "routers_per_tenant": COUNT,
        "admin_state_up": _FLAG,
        "admin_state_up ": _FLAG,  # with a trailing blank, as in Rally and therefore in task files
        "external_gateway_info": GATEWAY,
        "network_id": _TEXT,  # the same as in external_gateway_info
        "external_fixed_ips": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"ip_address": _TEXT, "subnet_id": _TEXT},
                "additionalProperties": False,
            },
        },
        "distributed": _FLAG,
        "ha": _FLAG,
        "availability_zone_hints": {"type": ["boolean", "array"]},  # Rally's schema has a flag, neutron takes a list
    },
    "additionalProperties": False,
}
_OF_GATEWAY = ("network_id", "external_fixed_ips")
_AS_THEY_ARE = ("admin_state_up", "distributed", "ha", "availability_zone_hints")


@context("router", order=351, schema=_SCHEMA, needs=Needs(("network",)))
class Router(ResourceContext):
    """Creates routers without interfaces in every project."""

    name = "router"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._routers: int = config.get("routers_per_tenant", 1)
        self._body = _body({name.strip(): value for name, value in config.items()})

    def make_all(self) -> None:
        """Create the routers."""
        project_users = self.project_users()
        for tenant, _ in project_users:
            tenant.resources["routers"] = []
        made = in_parallel(self._make, [project_user for project_user in project_users for _ in range(self._routers)])
        for tenant, router in made:
            tenant.resources["routers"].append(router)

    def _make(self, project_user: tuple[Tenant, Actor]) -> tuple[Tenant, Thing]:
        tenant, user = project_user

        def create(name: str) -> Thing:
            body = {"router": {"name": name, **self._body}}
            return dict(self.admin.api(user).post("network", "/routers", body)["router"])

        return tenant, self.make("neutron.router", create, within=tenant)


def _body(config: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the request; options of the gateway go into `external_gateway_info`."""
    body = {name: config[name] for name in _AS_THEY_ARE if name in config}
    gateway = {name: config[name] for name in _OF_GATEWAY if name in config} | config.get("external_gateway_info", {})
    return {**body, "external_gateway_info": gateway} if gateway else body
