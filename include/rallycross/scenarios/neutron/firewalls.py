"""Scenarios about firewalls: FWaaS v2."""

from collections.abc import Callable

from rallycross.scenario.scenario import Function, scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import firewalls
from rallycross.scenarios.neutron.steps.firewalls import (
    GroupOptions,
    GroupUpdates,
    PolicyOptions,
    PolicyUpdates,
    RuleOptions,
    RuleUpdates,
)


def _firewalls(name: str) -> Callable[[Function], Function]:
    return scenario(name, services=["network"], extensions=["fwaas_v2"], cleanup=["neutron"])


@_firewalls("NeutronFWaaS.create_and_list_firewall_rules")
async def create_and_list_firewall_rules(user: User, firewall_rule_create_args: RuleOptions | None = None) -> None:
    """Create a firewall rule, then list all of them."""
    await firewalls.create_rule(user, **(firewall_rule_create_args or {}))
    await firewalls.list_rules(user)


@_firewalls("NeutronFWaaS.create_and_delete_firewall_rules")
async def create_and_delete_firewall_rules(user: User, firewall_rule_create_args: RuleOptions | None = None) -> None:
    """Create a firewall rule, then delete it."""
    rule = await firewalls.create_rule(user, **(firewall_rule_create_args or {}))
    await firewalls.delete_rule(user, rule)


@_firewalls("NeutronFWaaS.create_and_update_firewall_rules")
async def create_and_update_firewall_rules(
    user: User,
    firewall_rule_create_args: RuleOptions | None = None,
    firewall_rule_update_args: RuleUpdates | None = None,
) -> None:
    """Create a firewall rule, then change it."""
    rule = await firewalls.create_rule(user, **(firewall_rule_create_args or {}))
    await firewalls.update_rule(user, rule, **(firewall_rule_update_args or {}))


@_firewalls("NeutronFWaaS.create_and_list_firewall_policies")
async def create_and_list_firewall_policies(
    user: User, firewall_policy_create_args: PolicyOptions | None = None
) -> None:
    """Create a firewall policy, then list all of them."""
    await firewalls.create_policy(user, **(firewall_policy_create_args or {}))
    await firewalls.list_policies(user)


@_firewalls("NeutronFWaaS.create_and_delete_firewall_policies")
async def create_and_delete_firewall_policies(
    user: User, firewall_policy_create_args: PolicyOptions | None = None
) -> None:
    """Create a firewall policy, then delete it."""
    policy = await firewalls.create_policy(user, **(firewall_policy_create_args or {}))
    await firewalls.delete_policy(user, policy)


@_firewalls("NeutronFWaaS.create_and_update_firewall_policies")
async def create_and_update_firewall_policies(
    user: User,
    firewall_policy_create_args: PolicyOptions | None = None,
    firewall_policy_update_args: PolicyUpdates | None = None,
) -> None:
    """Create a firewall policy, then change it."""
    policy = await firewalls.create_policy(user, **(firewall_policy_create_args or {}))
    await firewalls.update_policy(user, policy, **(firewall_policy_update_args or {}))


@_firewalls("NeutronFWaaS.create_policy_add_and_remove_rules")
async def create_policy_add_and_remove_rules(
    user: User,
    firewall_rule_create_args: RuleOptions | None = None,
    firewall_policy_create_args: PolicyOptions | None = None,
) -> None:
    """Create a firewall rule and a policy, then insert the rule into the policy and remove it again."""
    rule = await firewalls.create_rule(user, **(firewall_rule_create_args or {}))
    policy = await firewalls.create_policy(user, **(firewall_policy_create_args or {}))
    await firewalls.insert_rule(user, policy, rule)
    await firewalls.remove_rule(user, policy, rule)


@_firewalls("NeutronFWaaS.create_and_list_firewall_groups")
async def create_and_list_firewall_groups(user: User, firewall_group_create_args: GroupOptions | None = None) -> None:
    """Create a firewall group, then list all of them."""
    await firewalls.create_group(user, **(firewall_group_create_args or {}))
    await firewalls.list_groups(user)


@_firewalls("NeutronFWaaS.create_and_delete_firewall_groups")
async def create_and_delete_firewall_groups(user: User, firewall_group_create_args: GroupOptions | None = None) -> None:
    """Create a firewall group, then delete it."""
    group = await firewalls.create_group(user, **(firewall_group_create_args or {}))
    await firewalls.delete_group(user, group)


@_firewalls("NeutronFWaaS.create_and_update_firewall_groups")
async def create_and_update_firewall_groups(
    user: User,
    firewall_group_create_args: GroupOptions | None = None,
    firewall_group_update_args: GroupUpdates | None = None,
) -> None:
    """Create a firewall group, then change it."""
    group = await firewalls.create_group(user, **(firewall_group_create_args or {}))
    await firewalls.update_group(user, group, **(firewall_group_update_args or {}))
