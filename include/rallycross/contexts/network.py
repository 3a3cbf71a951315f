"""Networks with subnets and routers in every project."""

from typing import Any

from rallycross.cloud.api import Api
from rallycross.cloud.cidr import NAMESERVERS, START_CIDRS, ip_version, nth_cidr
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.errors import ApiError
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
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
        "start_cidr": _TEXT,
        "networks_per_tenant": COUNT,
        "subnets_per_network": COUNT,
        "network_create_args": {"type": "object"},
        "dns_nameservers": {"type": "array", "items": _TEXT, "uniqueItems": True},
        "dualstack": _FLAG,
        "router": {
            "type": "object",
            "properties": {"external": _FLAG, "enable_snat": _FLAG, "external_gateway_info": GATEWAY},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

_THERE_IS_ONE = frozenset({400, 409})  # neutron's answers if the router already has the interface


@context("network", order=350, schema=_SCHEMA, needs=Needs(("network",)))
class Network(ResourceContext):
    """Creates networks in every project, each with subnets and, unless `router` is empty, a router that joins them."""

    name = "network"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._start: str = config.get("start_cidr", START_CIDRS[4])
        self._networks: int = config.get("networks_per_tenant", 1)
        self._subnets: int = config.get("subnets_per_network", 1)
        self._network_args = {_api_name(name): value for name, value in config.get("network_create_args", {}).items()}
        self._nameservers: list[str] | None = config.get("dns_nameservers")
        self._dualstack: bool = config.get("dualstack", False)
        self._router: dict[str, Any] = config.get("router", {"external": True})

    def make_all(self) -> None:
        """Create the networks of all projects in parallel."""
        made = in_parallel(self._make, list(enumerate(self.project_users())))
        for (tenant, _), topologies in zip(self.project_users(), made, strict=True):
            tenant.resources["networks"] = [network for network, _ in topologies]
            tenant.resources["subnets"] = [subnet for _, subnets in topologies for subnet in subnets]

    def _make(self, one: tuple[int, tuple[Tenant, Actor]]) -> list[tuple[Thing, list[Thing]]]:
        number, (tenant, user) = one
        api = self.admin.api(user)
        first = number * self._networks
        return [self._topology(api, tenant, turn) for turn in range(first, first + self._networks)]

    def _topology(self, api: Api, tenant: Tenant, turn: int) -> tuple[Thing, list[Thing]]:
        """Create a network with its router and subnets. `turn` is its number among the networks of all projects."""
        network = self._create(api, tenant, "network", self._network_args)
        router = self._create(api, tenant, "router", self._router_args(api)) if self._router else None
        subnets = []
        for count in range(self._subnets):
            version, start = self._family(count)
            body = {
                "network_id": network["id"],
                "ip_version": version,
                "cidr": nth_cidr(start, turn * self._subnets + count),
                "dns_nameservers": NAMESERVERS[version] if self._nameservers is None else self._nameservers,
            }
            subnet = self._create(api, tenant, "subnet", body)
            if router:
                _join(api, router["id"], subnet["id"])
            subnets.append(subnet)
        made = {"subnets": [subnet["id"] for subnet in subnets], "router_id": router["id"] if router else None}
        return {**network, **made}, subnets

    def _create(self, api: Api, tenant: Tenant, what: str, body: dict[str, Any]) -> Thing:
        def create(name: str) -> Thing:
            return dict(api.post("network", f"/{what}s", {what: {"name": name, **body}})[what])

        return self.make(f"neutron.{what}", create, within=tenant)

    def _family(self, count: int) -> tuple[int, str]:
        """Return the IP version of a network's `count`th subnet, and the first CIDR of that version."""
        if self._dualstack:
            version = 6 if count % 2 else 4
            return version, START_CIDRS[version]
        try:
            return ip_version(self._start), self._start
        except ValueError as error:
            raise SetUpFailed(f"network: `start_cidr`: {error} - give one such as {START_CIDRS[4]}") from error

    def _router_args(self, api: Api) -> dict[str, Any]:
        """Return the gateway of a router: the configured one, or the first external network."""
        gateway = self._router.get("external_gateway_info")
        if gateway is None and self._router.get("external"):
            outside = api.list("network", "/networks", "networks", {"router:external": "True"})
            gateway = {"network_id": outside[0]["id"]} if outside else None
            if gateway and self._router.get("enable_snat"):
                gateway["enable_snat"] = True
        return {"external_gateway_info": gateway} if gateway else {}


def _join(api: Api, router: str, subnet: str) -> None:
    """Add a subnet to a router. If the first answer was lost and the request repeated, it is already there."""
    try:
        api.put("network", f"/routers/{router}/add_router_interface", {"subnet_id": subnet})
    except ApiError as error:
        ports = api.list("network", "/ports", "ports", {"device_id": router}) if error.status in _THERE_IS_ONE else []
        if not any(address.get("subnet_id") == subnet for port in ports for address in port.get("fixed_ips", ())):
            raise


def _api_name(name: str) -> str:
    """Return the API's name of an option of a new network; Rally writes some with an underscore."""
    for family in ("provider", "router"):
        if name.startswith(f"{family}_"):
            return name.replace("_", ":", 1)
    return name
