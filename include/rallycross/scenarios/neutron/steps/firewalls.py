"""Steps with firewalls: rules are in policies, and groups apply policies to ports."""

from typing import Any, TypedDict, Unpack, cast

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import listed

Rule = dict[str, Any]
Policy = dict[str, Any]
Group = dict[str, Any]


class _Updates(TypedDict, total=False):
    description: str
    name: str  # accepted, as in Rally, and replaced by a random one
    shared: bool


class RuleUpdates(_Updates, total=False):
    """Options of an existing rule, by the API's names."""

    action: str
    destination_ip_address: str | None
    destination_port: str | int | None
    enabled: bool
    ip_version: int
    protocol: str | None
    source_ip_address: str | None
    source_port: str | int | None


class RuleOptions(RuleUpdates, total=False):
    """Options of a new rule, by the API's names."""

    project_id: str
    tenant_id: str


class PolicyUpdates(_Updates, total=False):
    """Options of an existing policy, by the API's names."""

    audited: bool
    firewall_rules: list[str]


class PolicyOptions(PolicyUpdates, total=False):
    """Options of a new policy, by the API's names."""

    project_id: str
    tenant_id: str


class GroupUpdates(_Updates, total=False):
    """Options of an existing group, by the API's names."""

    admin_state_up: bool
    egress_firewall_policy_id: str | None
    ingress_firewall_policy_id: str | None
    ports: list[str]


class GroupOptions(GroupUpdates, total=False):
    """Options of a new group, by the API's names."""

    project_id: str
    tenant_id: str


# Rally's defaults of a new rule: SSH is let through.
_RULE: RuleOptions = {
    "protocol": "tcp",
    "action": "allow",
    "destination_port": "22",
    "ip_version": 4,
    "enabled": True,
}


@step("neutron.create_firewall_rule")
async def create_rule(user: User, **options: Unpack[RuleOptions]) -> Rule:
    """Create a rule."""
    return await _create(user, "firewall_rule", "firewall_rules", {**_RULE, **options})


@step("neutron.list_firewall_rules")
async def list_rules(user: User) -> list[Rule]:
    """List the rules that the user sees."""
    return await listed(user, "/fwaas/firewall_rules", "firewall_rules", {})


@step("neutron.update_firewall_rule")
async def update_rule(user: User, rule: Rule, **updates: Unpack[RuleUpdates]) -> Rule:
    """Change a rule; its name in any case."""
    return await _update(user, "firewall_rule", f"firewall_rules/{rule['id']}", {**updates})


@step("neutron.delete_firewall_rule")
async def delete_rule(user: User, rule: Rule) -> None:
    """Delete a rule."""
    await user.delete("network", f"/fwaas/firewall_rules/{rule['id']}")


@step("neutron.create_firewall_policy")
async def create_policy(user: User, **options: Unpack[PolicyOptions]) -> Policy:
    """Create a policy."""
    return await _create(user, "firewall_policy", "firewall_policies", {**options})


@step("neutron.list_firewall_policies")
async def list_policies(user: User) -> list[Policy]:
    """List the policies that the user sees."""
    return await listed(user, "/fwaas/firewall_policies", "firewall_policies", {})


@step("neutron.update_firewall_policy")
async def update_policy(user: User, policy: Policy, **updates: Unpack[PolicyUpdates]) -> Policy:
    """Change a policy; its name in any case."""
    return await _update(user, "firewall_policy", f"firewall_policies/{policy['id']}", {**updates})


@step("neutron.insert_firewall_rule_in_policy")
async def insert_rule(user: User, policy: Policy, rule: Rule) -> None:
    """Insert a rule into a policy, as its first."""
    body = {"firewall_rule_id": rule["id"]}
    await user.put("network", f"/fwaas/firewall_policies/{policy['id']}/insert_rule", body)


@step("neutron.remove_firewall_rule_from_policy")
async def remove_rule(user: User, policy: Policy, rule: Rule) -> None:
    """Remove a rule from a policy."""
    body = {"firewall_rule_id": rule["id"]}
    await user.put("network", f"/fwaas/firewall_policies/{policy['id']}/remove_rule", body)


@step("neutron.delete_firewall_policy")
async def delete_policy(user: User, policy: Policy) -> None:
    """Delete a policy. Its rules stay."""
    await user.delete("network", f"/fwaas/firewall_policies/{policy['id']}")


@step("neutron.create_firewall_group")
async def create_group(user: User, **options: Unpack[GroupOptions]) -> Group:
    """Create a group."""
    return await _create(user, "firewall_group", "firewall_groups", {**options})


@step("neutron.list_firewall_groups")
async def list_groups(user: User) -> list[Group]:
    """List the groups that the user sees."""
    return await listed(user, "/fwaas/firewall_groups", "firewall_groups", {})


@step("neutron.update_firewall_group")
async def update_group(user: User, group: Group, **updates: Unpack[GroupUpdates]) -> Group:
    """Change a group; its name in any case."""
    return await _update(user, "firewall_group", f"firewall_groups/{group['id']}", {**updates})


@step("neutron.delete_firewall_group")
async def delete_group(user: User, group: Group) -> None:
    """Delete a group. Its policies stay."""
    await user.delete("network", f"/fwaas/firewall_groups/{group['id']}")


async def _create(user: User, key: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
    created = await user.post("network", f"/fwaas/{path}", {key: {**options, "name": user.name()}})
    return cast("dict[str, Any]", created[key])


async def _update(user: User, key: str, path: str, updates: dict[str, Any]) -> dict[str, Any]:
    updated = await user.put("network", f"/fwaas/{path}", {key: {**updates, "name": user.name()}})
    return cast("dict[str, Any]", updated[key])
