"""Tries scenarios on a real cloud, as the shipped recipes have them: two iterations at a time, four in all.

python tests/e2e/scenario_trial.py CLOUDS_YAML CLOUD [PATTERN]    those whose names match, one after another
"""

import re
import sys
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from judged import missed

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.naming import context_prefix, scenario_prefix
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import resources
from rallycross.judging.judge import judge
from rallycross.leftovers.draining import Search, look
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Subtask, Task, Workload

RECIPES = CHECKOUT / "include/recipes"
TIMES, AT_A_TIME = 4, 2

# neutron makes this group at the first list of firewall groups, and shows it from the second on.
_BY_LISTING = "neutron.firewall_group default"


@dataclass(frozen=True)
class Trial:
    """What became of a scenario."""

    scenario: str
    missed: dict[str, str]  # criterion -> why, without the one that speaks of a busy machine
    failures: list[str]
    actions: set[tuple[str, ...]]  # the outer actions of an iteration, one after another; one for each distinct course
    left: list[str]  # resources that the cloud did not have before


@cache
def recipes() -> dict[str, tuple[Task, Workload]]:
    """Return the first workload of each scenario in the recipes of the services."""
    found: dict[str, tuple[Task, Workload]] = {}
    for file in sorted(RECIPES.glob("*/*.yaml")):
        plan = task.load(file.read_text(), file=str(file.relative_to(CHECKOUT)), known=catalogue.known())
        for workload in plan.workloads:
            found.setdefault(workload.scenario, (plan, workload))
    return found


def expected_actions() -> dict[str, list[str]]:
    """Return the actions that the scenarios perform, as Rally names and orders them."""
    files = sorted(Path(__file__).with_name("actions").glob("*.yaml"))
    return {name: actions for file in files for name, actions in yaml.safe_load(file.read_text()).items()}


def tried(cloud: Cloud, scenario: str, folder: Path, *, shared: bool = False) -> Trial:
    """Run a scenario. With `shared`, others use the cloud too: only what has the task's own names counts as left."""
    plan, workload = recipes()[scenario]
    runner = {"times": TIMES, "concurrency": AT_A_TIME}
    workload = replace(workload, position=0, runner="constant", runner_args=runner, sla={"failure_rate": {"max": 0}})
    subtask = Subtask(scenario, (workload,))
    store, own = Store.open(f"sqlite:///{folder / 'results.db'}"), str(uuid.uuid4())
    before = Counter() if shared else standing(cloud)
    task_run.run(replace(plan, subtasks=(subtask,)), cloud, store, uuid=own, samples=folder, stop=threading.Event())
    [judged] = judge(store, own, samples=folder).workloads
    samples = [row for one in store.tasks.get(own).workloads for row in read_samples(folder / one.uuid).to_pylist()]
    ours = (
        context_prefix(own),
        scenario_prefix(own),
        *(scenario_prefix(one.uuid) for one in store.tasks.get(own).workloads),
    )
    named = _named(ours) if shared else bool
    return Trial(
        scenario,
        missed(judged.rows),
        [f"{row['failure']['kind']}: {row['failure']['message']}" for row in samples if row["failure"]],
        {tuple(one["name"] for one in row["actions"] if one["depth"] == 0) for row in samples if not row["failure"]},
        sorted((standing(cloud, named) - before).elements()) + [str(row) for row in store.ledger.standing(cloud.name)],
    )


def standing(cloud: Cloud, wanted: Callable[[Thing], bool] = bool) -> "Counter[str]":
    """Return what is in all projects of a cloud, by kind and name."""
    place = Place(Api(cloud.connect()), admin=True)
    found = Counter(
        f"{kind.name} {kind.name_of(thing)}" for kind in _kinds() for thing in look(kind, Search(place, wanted))
    )
    del found[_BY_LISTING]
    return found


def _kinds() -> Iterator[Resource]:
    for kind in resources().values():
        if kind.scope in {"project", "cloud"} and kind.name != "cinder.image_volumes_cache":
            yield kind


def _named(prefixes: tuple[str, ...]) -> Callable[[Thing], bool]:
    return lambda thing: str(thing.get("name") or "").startswith(prefixes)


def flaws(trial: Trial) -> dict[str, Any]:
    """Return what is wrong with a trial; empty if nothing is."""
    expected = expected_actions().get(trial.scenario)
    wrong = set() if expected is None else trial.actions - {tuple(expected)}
    found = {"missed": trial.missed, "failures": trial.failures[:2], "left": trial.left[:10], "actions": wrong}
    if expected is None:
        found["actions"] = "not in tests/e2e/actions"
    return {what: how for what, how in found.items() if how}


def main(clouds_yaml: str, name: str, pattern: str = "") -> int:
    """Try the scenarios whose names match; return how many of them are wrong."""
    cloud, wrong = Cloud.from_file(Path(clouds_yaml), name), 0
    for scenario in sorted(recipes()):
        if re.search(pattern, scenario):
            with tempfile.TemporaryDirectory() as folder:
                trial = tried(cloud, scenario, Path(folder), shared=True)
            found = flaws(trial)
            wrong += bool(found)
            did = "; ".join(", ".join(one) for one in trial.actions)
            sys.stdout.write(f"{'WRONG' if found else 'ok':6}{scenario}  {did}\n")
            sys.stdout.writelines(f"      {what}: {how}\n" for what, how in found.items())
            sys.stdout.flush()
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
