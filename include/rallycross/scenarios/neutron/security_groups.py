"""Scenarios about security groups and their rules."""

from collections.abc import Collection
from typing import Annotated

from rallycross.errors import RallycrossError
from rallycross.scenario.arguments import Argument
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import security_groups as neutron
from rallycross.scenarios.neutron.steps.security_groups import (
    Rule,
    RuleOptions,
    SecurityGroupOptions,
    SecurityGroupUpdates,
)

_PORTS = 65_535  # each rule of a group is for another port


@scenario("NeutronSecurityGroup.create_and_list_security_groups", services=["network"], cleanup=["neutron"])
async def create_and_list_security_groups(
    user: User, security_group_create_args: SecurityGroupOptions | None = None
) -> None:
    """Create a security group, then list all that the user sees."""
    await neutron.create_security_group(user, **(security_group_create_args or {}))
    await neutron.list_security_groups(user)


@scenario("NeutronSecurityGroup.create_and_show_security_group", services=["network"], cleanup=["neutron"])
async def create_and_show_security_group(
    user: User, security_group_create_args: SecurityGroupOptions | None = None
) -> None:
    """Create a security group, then request it by its id."""
    group = await neutron.create_security_group(user, **(security_group_create_args or {}))
    await neutron.show_security_group(user, group)


@scenario("NeutronSecurityGroup.create_and_delete_security_groups", services=["network"], cleanup=["neutron"])
async def create_and_delete_security_groups(
    user: User, security_group_create_args: SecurityGroupOptions | None = None
) -> None:
    """Create a security group, then delete it."""
    group = await neutron.create_security_group(user, **(security_group_create_args or {}))
    await neutron.delete_security_group(user, group)


@scenario("NeutronSecurityGroup.create_and_update_security_groups", services=["network"], cleanup=["neutron"])
async def create_and_update_security_groups(
    user: User,
    security_group_create_args: SecurityGroupOptions | None = None,
    security_group_update_args: SecurityGroupUpdates | None = None,
) -> None:
    """Create a security group, then change its name and what else is given."""
    group = await neutron.create_security_group(user, **(security_group_create_args or {}))
    await neutron.update_security_group(user, group, **(security_group_update_args or {}))


@scenario("NeutronSecurityGroup.create_and_list_security_group_rules", services=["network"], cleanup=["neutron"])
async def create_and_list_security_group_rules(
    user: User,
    security_group_rules_count: Annotated[int, Argument({"type": "integer", "minimum": 0, "maximum": _PORTS})] = 1,
    security_group_args: SecurityGroupOptions | None = None,
    security_group_rule_args: RuleOptions | None = None,
) -> None:
    """Create a security group and rules in it, one after another, for a port each; then list all rules."""
    group = await neutron.create_security_group(user, **(security_group_args or {}))
    rules = []
    for port in range(1, security_group_rules_count + 1):
        options: RuleOptions = {**(security_group_rule_args or {}), "port_range_min": port, "port_range_max": port}
        rules.append(await neutron.create_rule(user, group, **options))
    _expect(rules, await neutron.list_rules(user))


@scenario("NeutronSecurityGroup.create_and_show_security_group_rule", services=["network"], cleanup=["neutron"])
async def create_and_show_security_group_rule(
    user: User,
    security_group_args: SecurityGroupOptions | None = None,
    security_group_rule_args: RuleOptions | None = None,
) -> None:
    """Create a security group and a rule in it, then request the rule by its id."""
    group = await neutron.create_security_group(user, **(security_group_args or {}))
    rule = await neutron.create_rule(user, group, **(security_group_rule_args or {}))
    await neutron.show_rule(user, rule)


@scenario("NeutronSecurityGroup.create_and_delete_security_group_rule", services=["network"], cleanup=["neutron"])
async def create_and_delete_security_group_rule(
    user: User,
    security_group_args: SecurityGroupOptions | None = None,
    security_group_rule_args: RuleOptions | None = None,
) -> None:
    """Create a security group and a rule in it, then delete the rule and the group."""
    group = await neutron.create_security_group(user, **(security_group_args or {}))
    rule = await neutron.create_rule(user, group, **(security_group_rule_args or {}))
    await neutron.delete_rule(user, rule)
    await neutron.delete_security_group(user, group)


@scenario("NeutronSecurityGroup.create_and_delete_security_group_with_rules", services=["network"], cleanup=["neutron"])
async def create_and_delete_security_group_with_rules(
    user: User,
    rules_per_group: Annotated[int, Argument({"type": "integer", "minimum": 1, "maximum": _PORTS})] = 500,
    rules_per_request: Annotated[int, Argument({"type": "integer", "minimum": 1, "maximum": _PORTS})] = 100,
    security_group_args: SecurityGroupOptions | None = None,
    security_group_rule_args: RuleOptions | None = None,
) -> None:
    """Create a security group with many rules, several by one request; request it with its rules; delete it."""
    group = await neutron.create_security_group(user, **(security_group_args or {}))
    wanted: list[RuleOptions] = [
        {**(security_group_rule_args or {}), "port_range_min": port, "port_range_max": port}
        for port in range(1, rules_per_group + 1)
    ]
    rules = []
    for first in range(0, rules_per_group, rules_per_request):
        rules += await neutron.create_rules(user, group, wanted[first : first + rules_per_request])
    _expect(rules, (await neutron.show_security_group(user, group))["security_group_rules"])
    await neutron.delete_security_group(user, group)


def _expect(rules: Collection[Rule], found: Collection[Rule]) -> None:
    """Raise if some rules are not among those that were found."""
    missing = {rule["id"] for rule in rules} - {rule["id"] for rule in found}
    if missing:
        raise RallycrossError(f"the answer does not have {len(missing)} of {len(rules)} new rules: {min(missing)} ...")
