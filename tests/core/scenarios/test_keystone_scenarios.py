"""What the recipes do not show of keystone's scenarios: rare arguments, and what is wrong with them."""

from typing import Any

import pytest
from acting import iterate
from small_cloud import SmallCloud

from rallycross.scenario.scenario import SCENARIOS
from rallycross.task.flaw import flaws


@pytest.mark.parametrize(("name", "domain"), [("Default", "default"), ("Sales", "d1"), ("d1", "d1")])
def test_a_domain_is_found_by_name_or_id(name: str, domain: str, small_cloud: SmallCloud) -> None:
    """Users are created in the domain that `domain_name` names."""
    small_cloud.things["domains"]["d1"] = {"id": "d1", "name": "Sales"}
    iterate("KeystoneBasic.create_user", small_cloud, domain_name=name)
    [user] = small_cloud.things["users"].values()
    assert user["domain_id"] == domain


def test_a_user_with_a_project_gets_a_role_in_it(small_cloud: SmallCloud) -> None:
    """A user with a project has the role member there, or the one of `default_role`; one that is missing fails."""
    iterate("KeystoneBasic.create_user", small_cloud, project_id="p1")
    assert [(project, role) for project, _, role in small_cloud.grants] == [("p1", "r1")]
    with pytest.raises(LookupError, match="there is no role 'reader' - create it"):
        iterate("KeystoneBasic.create_user", small_cloud, project_id="p1", default_role="reader")


def test_an_update_that_has_no_effect_fails(small_cloud: SmallCloud) -> None:
    """An updated user is asked for, and a difference is told."""
    with pytest.raises(ValueError, match="enabled of the user is True after an update to False"):
        iterate("KeystoneBasic.create_and_update_user", small_cloud, update_user_kwargs={"enabled": False})


@pytest.mark.parametrize(
    ("scenario", "args", "told"),
    [
        ("KeystoneBasic.create_and_update_user", {}, "says nothing to update"),
        ("KeystoneBasic.create_and_update_user", {"update_user_kwargs": {}}, "says nothing to update"),
        ("KeystoneBasic.create_and_update_user", {"update_user_kwargs": {"enabled": False}}, None),
    ],
)
def test_an_update_of_nothing_is_told(scenario: str, args: dict[str, Any], told: str | None) -> None:
    """A scenario that has nothing to update is told before the load."""
    found = [flaw.what for flaw in SCENARIOS[scenario].signature.contradictions(args)]
    assert found == ([told] if told else [])


@pytest.mark.parametrize(
    ("scenario", "argument", "value", "told"),
    [
        ("KeystoneBasic.create_tenant_with_users", "users_per_tenant", 0, "must be 1 or more, not 0"),
        ("Authenticate.validate_nova", "repetitions", 0, "must be 1 or more, not 0"),
        ("Quotas.nova_update", "max_quota", -2, "must be -1 or more, not -2"),
        ("KeystoneBasic.create_and_list_roles", "create_role_kwargs", {"domain": "x"}, "unknown key"),
    ],
)
def test_a_value_that_cannot_be_is_told(scenario: str, argument: str, value: Any, told: str) -> None:
    """Numbers out of their range and unknown options are told before the load."""
    found = flaws(value, SCENARIOS[scenario].signature.parameters[argument].schema)
    assert [flaw.what for flaw in found] == [told]


@pytest.mark.parametrize(
    ("scenario", "args", "wanted"),
    [
        ("KeystoneBasic.create_user", {"domain_name": "Sales"}, [("domain", "", "Sales")]),
        (
            "KeystoneBasic.create_and_update_user",
            {"create_user_kwargs": {"domain_name": "Sales"}},
            [("domain", ".domain_name", "Sales")],
        ),
        (
            "KeystoneBasic.create_and_list_roles",
            {"list_role_kwargs": {"domain_name": "Sales"}},
            [("domain", ".domain_name", "Sales")],
        ),
        ("KeystoneBasic.get_entities", {"service_name": "keystone"}, [("service_name", "", "keystone")]),
        ("KeystoneBasic.get_entities", {"service_name": None}, []),
        ("KeystoneBasic.create_and_list_roles", {"list_role_kwargs": None}, []),
    ],
)
def test_what_the_cloud_must_have_is_known(
    scenario: str, args: dict[str, Any], wanted: list[tuple[str, str, str]]
) -> None:
    """Domains and services that arguments name are held against the cloud before the load."""
    parameters = SCENARIOS[scenario].signature.parameters
    found = [
        (one.kind, one.key, one.wanted) for name, value in args.items() for one in parameters[name].references(value)
    ]
    assert found == wanted
