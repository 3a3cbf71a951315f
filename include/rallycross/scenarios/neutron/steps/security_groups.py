"""Steps with security groups and their rules."""

from typing import Any, Literal, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed

SecurityGroup = dict[str, Any]
Rule = dict[str, Any]


class SecurityGroupUpdates(TypedDict, total=False):
    """Options of an existing security group, by the API's names."""

    description: str
    name: str  # accepted, as in Rally, and replaced by a random one
    stateful: bool


class SecurityGroupOptions(SecurityGroupUpdates, total=False):
    """Options of a new security group, by the API's names."""

    project_id: str


class RuleOptions(TypedDict, total=False):
    """Options of a new rule, by the API's names."""

    description: str
    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6"]
    port_range_max: int | None
    port_range_min: int | None
    protocol: str | int | None
    remote_address_group_id: str
    remote_group_id: str
    remote_ip_prefix: str


_RULE: RuleOptions = {"direction": "ingress", "protocol": "tcp"}  # Rally's defaults


@step("neutron.create_security_group")
async def create_security_group(user: User, **options: Unpack[SecurityGroupOptions]) -> SecurityGroup:
    """Create a security group."""
    body = {"security_group": {**options, "name": user.name()}}
    group: SecurityGroup = (await user.post("network", "/security-groups", body))["security_group"]
    return group


@step("neutron.show_security_group")
async def show_security_group(user: User, group: SecurityGroup) -> SecurityGroup:
    """Request a security group by its id; the answer has its rules."""
    found: SecurityGroup = (await user.get("network", f"/security-groups/{group['id']}"))["security_group"]
    return found


@step("neutron.update_security_group")
async def update_security_group(
    user: User, group: SecurityGroup, **updates: Unpack[SecurityGroupUpdates]
) -> SecurityGroup:
    """Change a security group; its name in any case."""
    body = {"security_group": {**updates, "name": user.name()}}
    updated: SecurityGroup = (await user.put("network", f"/security-groups/{group['id']}", body))["security_group"]
    return updated


@step("neutron.delete_security_group")
async def delete_security_group(user: User, group: SecurityGroup) -> None:
    """Delete a security group."""
    await user.delete("network", f"/security-groups/{group['id']}")


@step("neutron.list_security_groups")
async def list_security_groups(user: User) -> list[SecurityGroup]:
    """List the security groups that the user sees."""
    return await listed(user, "/security-groups", "security_groups", {})


@step("neutron.create_security_group_rule")
async def create_rule(user: User, group: SecurityGroup, **options: Unpack[RuleOptions]) -> Rule:
    """Create a rule in a security group."""
    body = {"security_group_rule": _rule(group, options)}
    rule: Rule = (await user.post("network", "/security-group-rules", body))["security_group_rule"]
    return rule


@step("neutron.create_security_group_rules")
async def create_rules(user: User, group: SecurityGroup, rules: list[RuleOptions]) -> list[Rule]:
    """Create several rules in a security group by one request."""
    body = {"security_group_rules": [_rule(group, options) for options in rules]}
    created: list[Rule] = (await user.post("network", "/security-group-rules", body))["security_group_rules"]
    return created


def _rule(group: SecurityGroup, options: RuleOptions) -> dict[str, Any]:
    return {"security_group_id": group["id"], **_RULE, **options}


@step("neutron.show_security_group_rule")
async def show_rule(user: User, rule: Rule) -> Rule:
    """Request a rule by its id."""
    found: Rule = (await user.get("network", f"/security-group-rules/{rule['id']}"))["security_group_rule"]
    return found


@step("neutron.delete_security_group_rule")
async def delete_rule(user: User, rule: Rule) -> None:
    """Delete a rule."""
    await user.delete("network", f"/security-group-rules/{rule['id']}")


@step("neutron.list_security_group_rules")
async def list_rules(user: User) -> list[Rule]:
    """List the rules that the user sees."""
    return await listed(user, "/security-group-rules", "security_group_rules", {})
