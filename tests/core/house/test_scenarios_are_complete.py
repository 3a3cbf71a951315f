"""Each scenario that acts in a cloud has an example, and a list of its actions that real clouds are held against."""

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

from rallycross import recipes
from rallycross.catalogue import known
from rallycross.scenario.rehearsal import rehearse
from rallycross.scenario.scenario import SCENARIOS
from rallycross.settings import CHECKOUT
from rallycross.task import load

ACTIONS: dict[str, list[str]] = {
    name: actions
    for file in sorted((CHECKOUT / "tests/e2e/actions").glob("*.yaml"))
    for name, actions in yaml.safe_load(file.read_text()).items()
}
ACTING = [name for name, one in SCENARIOS.all.items() if one.group and one.signature.actors and one.group != "dummy"]


@pytest.fixture(name="workloads", scope="module")
def _workloads() -> dict[str, Any]:
    """Return the first workload of each scenario in the services' recipes."""
    found: dict[str, Any] = {}
    for file in recipes.of_services():
        for workload in recipes.plan_of(file).workloads:
            found.setdefault(workload.scenario, workload)
    return found


def test_each_scenario_has_a_recipe_and_its_actions(workloads: dict[str, Any]) -> None:
    """Scenarios that act in a cloud, their recipes, and their entries in tests/e2e/actions are the same."""
    assert {*ACTING} - workloads.keys() == set()
    assert {*ACTING} - ACTIONS.keys() == set()
    assert ACTIONS.keys() - {*ACTING} == set()


def test_what_a_rehearsal_performs_are_those_actions(workloads: dict[str, Any]) -> None:
    """Where a scenario can be rehearsed, its actions are those of its entry, however often one is repeated at once.

    That is decided by a cloud's answers: a rehearsal gets lists of one.
    """
    wrong = {}
    for name, expected in ACTIONS.items():
        calls = rehearse(SCENARIOS[name], workloads[name].args, workloads[name].contexts)
        if calls and _once(calls.actions) != _once(expected):
            wrong[name] = calls.actions
    assert wrong == {}


def _once(actions: list[str]) -> list[str]:
    return [name for name, _ in groupby(actions)]


def test_the_recipes_of_the_services_plan_without_a_warning() -> None:
    """Each is valid, without anything that has no effect."""
    for file in recipes.of_services():
        assert recipes.plan_of(file).warnings == (), file


def test_a_task_file_of_one_scenario_is_valid(workloads: dict[str, Any], tmp_path: Path) -> None:
    """Cut out of its recipe, each scenario's part is a task file that runs this scenario in the same way anywhere."""
    for name, workload in workloads.items():
        file = tmp_path / "task.yaml"
        file.write_text(recipes.task_file(name, SCENARIOS[name].signature.title))
        [alone] = load(file.read_text(), file=str(file), known=known()).workloads
        assert (alone.scenario, alone.runner_args, alone.sla) == (name, workload.runner_args, workload.sla)
        assert alone.args.keys() == workload.args.keys()
        assert [value for value in alone.args.values() if str(value).startswith("..")] == []


# Actions that change more than a scenario's own things.
DISRUPTIVE = re.compile(
    r"\.(live_|cold_)?(migrate|evacuate)|aggregate_(add|remove)_host|(create|delete)_service$|(en|dis)able_"
)


def test_what_disrupts_says_so() -> None:
    """A scenario that moves servers between hosts, or changes hosts, services or the catalog, has `disrupts`."""
    acting = [name for name, actions in ACTIONS.items() if any(map(DISRUPTIVE.search, actions))]
    assert [name for name in acting if not SCENARIOS[name].signature.disrupts] == []
