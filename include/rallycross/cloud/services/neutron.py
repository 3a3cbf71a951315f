"""neutron: networks, routers, addresses."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rallycross.cloud.errors import ApiError
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Place, Resource, Thing, delete_freed, listed, quotas_of
from rallycross.cloud.service import Fact, Service, ServiceQuotas, TempestService, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api

_NOT_FOUND = 404
_resource = partial(Resource, service="network", name_filters=("name", ""), at_once=True)
# A list of one project's firewalls makes its default group, if it has none: so this asks for the lists of all projects.
_firewall = partial(_resource, scope="project", project_filter="")


def _look_for_ports(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List ports, except those of routers, floating IPs and DHCP, which are deleted with their owners."""
    return [port for port in listed(resource, place, narrowed) if not port["device_owner"].startswith("network:")]


def _detach(api: "Api", **where: str) -> None:
    """Remove router interfaces: of a subnet, of a network, or of a router."""
    for port in api.list("network", "/ports", "ports", where):
        if port["device_owner"].startswith(("network:router_interface", "network:ha_router_replicated_interface")):
            try:
                api.put("network", f"/routers/{port['device_id']}/remove_router_interface", {"port_id": port["id"]})
            except ApiError as error:
                if error.status != _NOT_FOUND:  # otherwise an earlier request, whose answer was lost, has removed it
                    raise


def _delete_router(resource: Resource, place: Place, thing: Thing) -> None:
    delete_freed(resource, place, thing, lambda: _detach(place.api, device_id=thing["id"]))


def _delete_subnet(resource: Resource, place: Place, thing: Thing) -> None:
    delete_freed(resource, place, thing, lambda: _detach(place.api, fixed_ips=f"subnet_id={thing['id']}"))


def _delete_network(resource: Resource, place: Place, thing: Thing) -> None:
    delete_freed(resource, place, thing, lambda: _detach(place.api, network_id=thing["id"]))


def _networks(api: "Api") -> Iterator[NamedResource]:
    for network in api.list("network", "/networks", "networks"):
        yield NamedResource(network["id"], network.get("name") or "")


def _external_networks(api: "Api") -> Iterator[NamedResource]:
    for network in api.list("network", "/networks", "networks", {"router:external": "True"}):
        if network.get("router:external"):
            yield NamedResource(network["id"], network.get("name") or "")


def _extensions(api: "Api") -> Iterator[NamedResource]:
    for extension in api.list("network", "/extensions", "extensions"):
        yield NamedResource(extension["alias"], extension["alias"])


_QUOTAS = _resource("neutron.quota", "quota", path="/quotas", look=quotas_of)

describe(
    Service(
        "neutron",
        "network",
        version="v2.0",
        order=200,
        resources=(
            _resource("neutron.bgpvpn", "cloud", path="/bgpvpn/bgpvpns"),  # deleted with its associations
            _firewall("neutron.firewall_group", path="/fwaas/firewall_groups"),
            _firewall("neutron.firewall_policy", path="/fwaas/firewall_policies", key="firewall_policies"),
            _firewall("neutron.firewall_rule", path="/fwaas/firewall_rules"),
            _resource(
                "neutron.floatingip", "project", path="/floatingips", naming="description", name_filters=("", "")
            ),
            _resource("neutron.trunk", "project", path="/trunks"),
            _resource("neutron.port", "project", path="/ports", look=_look_for_ports),
            _resource("neutron.router", "project", path="/routers", delete=_delete_router),
            _resource("neutron.subnet", "project", path="/subnets", delete=_delete_subnet),
            _resource("neutron.network", "project", path="/networks", delete=_delete_network),
            _resource("neutron.subnetpool", "project", path="/subnetpools"),
            _resource("neutron.security_group", "project", path="/security-groups", key="security_groups"),
            _QUOTAS,
        ),
        facts={
            "network": Fact(_networks, by_exact_name=True),
            "external_network": Fact(_external_networks, by_exact_name=True),
            "extension": Fact(_extensions),
        },
        quotas=ServiceQuotas(
            _QUOTAS,
            key="quota",
            defaults="default",
            names=(
                "network",
                "subnet",
                "port",
                "router",
                "floatingip",
                "security_group",
                "security_group_rule",
                "health_monitor",
                "pool",
                "vip",
                "trunk",
            ),
        ),
        tempest=TempestService("neutron", "network"),
    )
)
