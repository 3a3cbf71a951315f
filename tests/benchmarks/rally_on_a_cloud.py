"""Ten common scenarios, run by Rally itself and by Rallycross on the same cloud, in turn: how their figures differ.

    ./rallycross bench --cloud embedded --only rally
    .venv/bin/python tests/benchmarks/rally_on_a_cloud.py --cloud embedded --scenarios list_servers create_delete_user

Each scenario is run by Rally, by Rallycross with `timing: rally`, and by Rallycross with its own timing; another one of
these is the first in each round. It prints the tables in Markdown.
"""

import argparse
import json
import statistics
import tempfile
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rally_beside import Rally

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cli.named_cloud import named_cloud
from rallycross.cloud.cloud import Cloud
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Timing

IMAGE = str(CHECKOUT / "include/recipes/files/small.raw")
SERVER = {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}
USERS = {"users": {"tenants": 2, "users_per_tenant": 2}}


@dataclass(frozen=True)
class Case:
    """A scenario to compare, with its arguments and contexts."""

    scenario: str
    args: dict[str, Any] = field(default_factory=dict)
    contexts: dict[str, Any] = field(default_factory=lambda: USERS)

    @property
    def short(self) -> str:
        """The scenario's name without its group."""
        return self.scenario.partition(".")[2]


CASES = [
    Case("Authenticate.keystone"),
    Case("KeystoneBasic.create_delete_user", contexts={}),
    Case("GlanceImages.list_images"),
    Case(
        "GlanceImages.create_and_delete_image",
        {"container_format": "bare", "disk_format": "raw", "image_location": IMAGE},
    ),
    Case("NeutronNetworks.create_and_list_networks"),
    Case("NeutronNetworks.create_and_delete_ports", {"ports_per_network": 2}),
    Case("CinderVolumes.create_and_delete_volume", {"size": 1}),
    Case("NovaServers.list_servers", {"detailed": True}, {**USERS, "servers": {**SERVER, "servers_per_tenant": 2}}),
    Case("NovaServers.boot_and_delete_server", SERVER),
    Case("NovaServers.boot_and_list_server", {**SERVER, "detailed": True}),
]

RALLY, TIMED_AS_RALLY, OWN = "Rally", "timing: rally", "own timing"
WAYS = (RALLY, TIMED_AS_RALLY, OWN)
_TIMINGS: dict[str, Timing] = {TIMED_AS_RALLY: "rally", OWN: "intended"}


@dataclass
class Measured:
    """What one way of running a scenario has come to, over all rounds."""

    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds, by action
    seconds: float = 0.0  # from the first start to the last end, of all rounds together
    ended: int = 0  # iterations that succeeded
    failed: list[str] = field(default_factory=list)  # why the others did not

    def add(self, actions: Iterable[tuple[str, float]]) -> None:
        """Add the actions of one iteration."""
        for name, duration in actions:
            self.durations[name].append(duration)

    @property
    def throughput(self) -> float:
        """Iterations a second."""
        return self.ended / self.seconds if self.seconds else 0.0

    def median(self, action: str) -> float | None:
        """Return the median duration of an action."""
        return statistics.median(self.durations[action]) if self.durations.get(action) else None


def platforms(cloud: Cloud) -> dict[str, Any]:
    """Return the specification of a Rally environment on a cloud, from its entry of clouds.yaml."""
    auth = cloud.config["auth"]
    names = ("username", "password", "project_name", "user_domain_name", "project_domain_name")
    spec = {"auth_url": auth["auth_url"], "admin": {name: auth[name] for name in names if name in auth}}
    more = {"region_name": "region_name", "interface": "endpoint_type", "cacert": "https_cacert"}
    spec |= {theirs: cloud.config[ours] for ours, theirs in more.items() if ours in cloud.config}
    spec |= {"https_insecure": True} if cloud.config.get("verify") is False else {}
    return {"existing@openstack": spec}


def task_of(case: Case, times: int, concurrency: int, *, timing: Timing | None = None) -> dict[str, Any]:
    """Return a task of one scenario; without a timing, it is one that Rally accepts."""
    subtask = {
        "title": case.short,
        "scenario": {case.scenario: case.args},
        "runner": {"constant": {"times": times, "concurrency": concurrency}},
        "contexts": case.contexts,
    }
    extension = {"timing": timing} if timing else {}
    return {"version": 2, "title": case.scenario, **extension, "subtasks": [subtask]}


def by_rally(rally: Rally, whole: dict[str, Any], into: Measured) -> None:
    """Run a task with Rally, and add what its report has."""
    [workload] = rally.run(whole).workloads
    if not workload["data"]:
        raise SystemExit(f"Rally did not run {whole['title']}: {_said(workload)}")
    for iteration in workload["data"]:
        if iteration["error"]:
            into.failed.append(" ".join(map(str, iteration["error"][:2])))
            continue
        into.ended += 1
        actions = iteration["atomic_actions"]
        into.add((_now(one["name"]), one["finished_at"] - one["started_at"]) for one in actions)
    into.seconds += workload["load_duration"]


def _now(action: str) -> str:
    """Return an action's name as later versions of Rally have it, and Rallycross: keystone's without a version."""
    return action.replace("keystone_v3.", "keystone.")


def _said(workload: Mapping[str, Any]) -> str:
    """Return what Rally says of a workload that has no iterations."""
    return "; ".join(row["detail"] for row in workload["sla_results"]["sla"] if not row["success"])


def by_us(cloud: Cloud, whole: dict[str, Any], folder: Path, into: Measured) -> None:
    """Run a task as `./rallycross run` does, and add what its samples have."""
    plan = task.load(json.dumps(whole), known=catalogue.known())
    store, name = Store.open(f"sqlite:///{folder / 'results.db'}"), str(uuid.uuid4())
    task_run.run(plan, cloud, store, uuid=name, samples=folder / "samples", stop=threading.Event(), tell=lambda _: None)
    row = store.tasks.get(name)
    assert row is not None
    [workload] = row.workloads
    if workload.status != "finished":
        raise SystemExit(f"Rallycross did not run {whole['title']}: {workload.error}")
    samples = read_samples(folder / "samples" / workload.uuid).to_pylist()
    for sample in samples:
        if sample["failure"]:
            into.failed.append(f"{sample['failure']['kind']} {sample['failure']['message']}")
            continue
        into.ended += 1
        top = (one for one in sample["actions"] if one["depth"] == 0)
        into.add((one["name"], one["ended"] - one["started"]) for one in top)
    into.seconds += max(one["ended"] for one in samples) - min(one["started"] for one in samples)


def rows_of_actions(case: Case, found: Mapping[str, Measured]) -> Iterator[list[str]]:
    """Yield a row for each action: the medians in milliseconds, and ours as multiples of Rally's."""
    for action in found[RALLY].durations:
        medians = [found[way].median(action) for way in WAYS]
        yield [case.scenario, action, *map(_milliseconds, medians), *(_ratio(one, medians[0]) for one in medians[1:])]


def row_of_throughput(case: Case, found: Mapping[str, Measured]) -> list[str]:
    """Return the row of a scenario: iterations a second, and ours as multiples of Rally's."""
    rates = [found[way].throughput for way in WAYS]
    return [case.scenario, *(f"{rate:.2f}" for rate in rates), *(_ratio(rate, rates[0]) for rate in rates[1:])]


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.0f}"


def _ratio(one: float | None, other: float | None) -> str:
    return f"{one / other:.2f}" if one and other else "-"


def _print_table(head: list[str], rows: Iterable[list[str]]) -> None:
    print(f"\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main() -> None:
    """Run the scenarios in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [case.short for case in CASES]
    parser.add_argument("--cloud", default="embedded")
    parser.add_argument("--scenarios", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=10, help="iterations of each in a round")
    parser.add_argument("--concurrency", type=int, default=2)
    options = parser.parse_args()
    cloud = named_cloud(options.cloud, Store.open())
    cases = [case for case in CASES if case.short in options.scenarios]
    found = {case.scenario: {way: Measured() for way in WAYS} for case in cases}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        rally = Rally(folder, platforms(cloud))
        for case in cases:
            for number in range(options.rounds):
                first = number % len(WAYS)
                for way in (*WAYS[first:], *WAYS[:first]):
                    into = found[case.scenario][way]
                    whole = task_of(case, options.times, options.concurrency, timing=_TIMINGS.get(way))
                    if way == RALLY:
                        by_rally(rally, whole, into)
                    else:
                        by_us(cloud, whole, folder, into)
            print(" ".join(row_of_throughput(case, found[case.scenario])), flush=True)
            for row in rows_of_actions(case, found[case.scenario]):
                print(" ".join(row), flush=True)
    ours = ("`timing: rally` to Rally", "own timing to Rally")
    heads = ["Rally, ms", "`timing: rally`, ms", "own timing, ms", *ours]
    rows = [row for case in cases for row in rows_of_actions(case, found[case.scenario])]
    _print_table(["scenario", "action", *heads], rows)
    heads = ["Rally, 1/s", "`timing: rally`, 1/s", "own timing, 1/s", *ours]
    _print_table(["scenario", *heads], [row_of_throughput(case, found[case.scenario]) for case in cases])
    for case in cases:
        for way, measured in found[case.scenario].items():
            if measured.failed:
                print(f"{case.scenario}, {way}: {len(measured.failed)} failed, the first: {measured.failed[0]}")


if __name__ == "__main__":
    main()
