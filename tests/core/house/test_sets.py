"""The curated sets of workloads in include/recipes: smoke, core, mixed and full."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rallycross import recipes
from rallycross.catalogue import known
from rallycross.load.runners import RUNNERS
from rallycross.task import load
from rallycross.task.plan import Task, Workload

SETS = ("smoke", "core", "mixed", "full")


def plan_of(name: str, **args: Any) -> Task:
    """Return the plan of a set."""
    file = recipes.FOLDER / f"{name}.yaml"
    return load(file.read_text(), file=str(file), args=args, known=known())


@pytest.mark.parametrize("name", SETS)
def test_a_set_plans_without_a_warning_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the current folder is, each set is valid, and each of its workloads fails if any iteration does."""
    monkeypatch.chdir(tmp_path)
    plan = plan_of(name)
    assert plan.warnings == ()
    assert {workload.sla["failure_rate"]["max"] for workload in plan.workloads} == {0}


def test_full_has_every_workload_of_the_services() -> None:
    """The set `full` has the workloads of all files in the services' folders, and no others: see its `families`."""
    every = Counter(_what(workload) for file in recipes.of_services() for workload in recipes.plan_of(file).workloads)
    here = Counter(map(_what, plan_of("full").workloads))
    assert (sorted(every - here), sorted(here - every)) == ([], [])


def _what(workload: Workload) -> str:
    """Return what a workload runs, as a text; files of arguments are named as from the folder of the sets."""
    parts = (workload.scenario, workload.args, workload.runner_args, workload.contexts, workload.sla)
    return repr(parts).replace("'../files/", "'files/")


def test_full_can_leave_files_out_and_takes_their_variables() -> None:
    """`without` leaves out the workloads of the named files; `flavor` reaches all others."""
    plan = plan_of("full", without=["neutron/bgpvpns", "neutron/firewalls"], flavor="m9.huge")
    left_out = {
        workload.scenario
        for name in ("bgpvpns", "firewalls")
        for workload in recipes.plan_of(recipes.FOLDER / f"neutron/{name}.yaml").workloads
    }
    assert left_out & {workload.scenario for workload in plan.workloads} == set()
    assert len(plan.workloads) > 0
    flavors = {str(workload.args["flavor"]) for workload in plan.workloads if "flavor" in workload.args}
    assert len(flavors) == 1
    assert "m9.huge" in flavors.pop()


def test_core_takes_twenty_minutes() -> None:
    """The loads of the set `core` take most of twenty minutes on any cloud; `seconds` and `concurrency` change them."""
    seconds = [_load(workload).seconds for workload in plan_of("core").workloads]
    assert None not in seconds
    assert 15 * 60 <= sum(seconds) <= 19 * 60
    longer = [_load(workload) for workload in plan_of("core", seconds=120, concurrency=16).workloads]
    assert {(load.seconds, load.workers) for load in longer} == {(120, 16)}


def test_mixed_runs_all_services_at_once_at_rates() -> None:
    """All workloads of the set `mixed` run at the same time, each for `minutes` at its own rate, times `scale`."""
    [subtask], [scaled] = plan_of("mixed").subtasks, plan_of("mixed", scale=5, minutes=30).subtasks
    assert subtask.run_in_parallel
    groups = {workload.scenario.partition(".")[0] for workload in subtask.workloads}
    assert len(groups) >= 6
    for one, more in zip(subtask.workloads, scaled.workloads, strict=True):
        assert one.runner == more.runner == "rps"
        assert more.runner_args["rps"] == pytest.approx(5 * one.runner_args["rps"])
        assert one.runner_args["times"] / one.runner_args["rps"] == pytest.approx(5 * 60)
        assert more.runner_args["times"] / more.runner_args["rps"] == pytest.approx(30 * 60)


def _load(workload: Workload) -> Any:
    return RUNNERS[workload.runner].load(workload.runner_args)
