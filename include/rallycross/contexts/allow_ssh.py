"""A security group in every project that makes servers reachable."""

from typing import Any

from rallycross.cloud.api import Api
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.errors import ApiError, Unreachable, outcome_unknown
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.known import Needs

_PORTS = {"port_range_min": 1, "port_range_max": 65535}
_RULES: list[dict[str, Any]] = [
    {"direction": "ingress", "ethertype": version, "remote_ip_prefix": everywhere, "protocol": protocol, **ports}
    for version, everywhere, icmp in (("IPv4", "0.0.0.0/0", "icmp"), ("IPv6", "::/0", "ipv6-icmp"))
    for protocol, ports in (("tcp", _PORTS), ("udp", _PORTS), (icmp, {}))
]
_RULES_PATH = "/security-group-rules"
_NOT_FOUND = 404


@context(
    "allow_ssh",
    order=320,
    schema={"type": ["null", "object"], "additionalProperties": False},
    needs=Needs(("network",)),
)
class AllowSsh(ResourceContext):
    """Creates a security group in every project that admits TCP, UDP and ICMP from everywhere; scenarios use it."""

    name = "allow_ssh"

    def __init__(self, config: Any, context_data: ContextData, admin: ContextAdmin) -> None:  # noqa: ARG002 - as all contexts
        super().__init__(context_data, admin)

    def make_all(self) -> None:
        """Create the groups, if the cloud has security groups."""
        project_users = self.project_users()
        if not _has_security_groups(self.admin.api(project_users[0][1])):
            return
        groups = dict(in_parallel(self._make, project_users))
        for user in self.context_data.users:
            user.secgroup = groups[user.tenant.id]

    def _make(self, project_user: tuple[Tenant, Actor]) -> tuple[str, Thing]:
        tenant, user = project_user
        api = self.admin.api(user)

        def create(name: str) -> Thing:
            body = {"name": name, "description": "admits what a benchmark sends"}
            return dict(api.post("network", "/security-groups", {"security_group": body})["security_group"])

        group = self.make("neutron.security_group", create, within=tenant)
        rules = [{**rule, "security_group_id": group["id"]} for rule in _RULES]
        made = _rules(api, group["id"], rules)
        return tenant.id, {**group, "security_group_rules": [*group.get("security_group_rules", ()), *made]}


def _rules(api: Api, group: str, rules: list[dict[str, Any]]) -> list[Thing]:
    """Create a group's rules, all or none. If no answer says whether they were created, list them."""
    try:
        return list(api.post("network", _RULES_PATH, {"security_group_rules": rules})["security_group_rules"])
    except (ApiError, Unreachable) as error:
        if not outcome_unknown(error):
            raise
    there = api.list("network", _RULES_PATH, "security_group_rules", {"security_group_id": group})
    if made := [rule for rule in there if rule.get("direction") == "ingress"]:
        return made
    return list(api.post("network", _RULES_PATH, {"security_group_rules": rules})["security_group_rules"])


def _has_security_groups(api: Api) -> bool:
    try:
        api.get("network", "/extensions/security-group")
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return False
    return True
