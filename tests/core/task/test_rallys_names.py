"""Names of Rally that are not supported, or no longer exist."""

from importlib.resources import files

import pytest
import yaml

from rallycross.catalogue import known
from rallycross.scenario.scenario import SCENARIOS
from rallycross.task.rallys_names import unknown

NAMES = yaml.safe_load(files("rallycross.task").joinpath("rallys_names.yaml").read_text())


ALIVE = {kind: [one for names in by.values() for one in names] for kind, by in NAMES["alive"].items()}
HERE = {"scenario": known().scenarios, "context": known().contexts}


@pytest.mark.parametrize("kind", ALIVE)
def test_what_is_here_is_not_listed(kind: str) -> None:
    """The list has each name once, and none that Rallycross has."""
    assert len(ALIVE[kind]) == len(set(ALIVE[kind]))
    assert [name for name in ALIVE[kind] if name in HERE[kind]] == []


def test_what_is_listed_is_of_services_without_scenarios() -> None:
    """A service that has scenarios here has all of Rally's."""
    assert {one.group for one in SCENARIOS.all.values()} & NAMES["alive"]["scenario"].keys() == set()


def test_each_name_that_is_gone_says_why_and_what_instead() -> None:
    """Every name that is gone has a reason and a remedy, and is not also listed as alive."""
    for kind, gone in NAMES["gone"].items():
        for name, reason in gone.items():
            assert reason["why"], name
            assert reason["instead"], name
        for name in ALIVE.get(kind, ()):
            assert "is not supported yet" in unknown(kind, name, name, ())[0], name


@pytest.mark.parametrize(
    ("kind", "name", "what", "remedy"),
    [
        ("scenario", "CeilometerAlarms.list_alarms", "ceilometer's REST API was taken out", "Gnocchi"),
        ("scenario", "NeutronLoadbalancerV2.create_and_list_loadbalancers", "neutron-lbaas was taken out", "Octavia"),
        ("scenario", "Dummy.dummy_with_scenario_output", "is gone: it has got another name", "Dummy.dummy_output"),
        ("scenario", "Octavia.create_and_list_pools", "is not supported yet", "leave it out"),
        ("scenario", "NovaServers.boot_and_delete_servr", "unknown scenario", "boot_and_delete_server"),
        ("context", "lbaas", "is gone", "Octavia"),
        ("context", "sahara_image", "sahara was retired", "remove it"),
        ("context", "zones", "is not supported yet", "leave it out"),
        ("runner", "continuous", "is gone", "constant_for_duration"),
        ("runner", "periodic", "is gone", "rps"),
        ("SLA criterion", "max_failure_percent", "is gone", "failure_rate"),
        ("hook action", "sys_cal", "unknown hook action 'sys_cal'", "sys_call"),
    ],
)
def test_a_name_says_what_has_become_of_it(kind: str, name: str, what: str, remedy: str) -> None:
    """A name that is gone, one that is not supported yet, and a typing error have different messages and remedies."""
    said, to_do = unknown(kind, name, name, HERE.get(kind, ("sys_call",)))
    assert what in said
    assert remedy in to_do


def test_what_is_here_may_have_been_meant() -> None:
    """Suggestions for a typing error include the names of Rallycross."""
    assert "mycontext" in unknown("context", "my_context", "my_context", ["mycontext"])[1]
