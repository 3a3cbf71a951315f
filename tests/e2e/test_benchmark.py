"""The quickstart, and what becomes of it when it is stopped, on a real cloud."""

import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from judged import is_invalid, missed

from rallycross import catalogue, deployment, lifecycle, task
from rallycross.benchmark import task_run
from rallycross.cloud.cloud import Cloud
from rallycross.deployment.site import opened
from rallycross.errors import InvalidInput
from rallycross.judging.judge import judge
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, Settings
from rallycross.task.plan import Task

pytestmark = pytest.mark.e2e

QUICKSTART = "include/recipes/quickstart.yaml"
BOOT = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}}


def task_of(scenario: dict[str, Any], runner: dict[str, Any]) -> Task:
    """Return a task of one workload."""
    subtask = {"title": "s", "scenario": scenario, "runner": {"constant": runner}}
    return task.load(yaml.safe_dump({"version": 2, "title": "T", "subtasks": [subtask]}), known=catalogue.known())


def ours(cloud: Cloud) -> set[str]:
    """Return the ids of all projects and users that a benchmark may have made."""
    identity = cloud.connect().identity
    things = [*identity.projects(), *identity.users()]
    return {thing.id for thing in things if thing.name.startswith(("c_rally_", "s_rally_"))}


def test_the_quickstart_passes_and_leaves_nothing(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """All seven scenarios of the shipped recipe run without a failure, within their SLA, and are cleaned up after.

    That a machine with other work starves the generator is no matter here: what it measured is, and it is all there.
    """
    before = ours(embedded_cloud)
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    plan = task.load((CHECKOUT / QUICKSTART).read_text(), file=QUICKSTART, known=catalogue.known())
    own = str(uuid.uuid4())
    task_run.run(plan, embedded_cloud, store, uuid=own, samples=tmp_path, stop=threading.Event())
    judgement = judge(store, own, samples=tmp_path)
    rows = [row for workload in judgement.workloads for row in workload.rows]
    failures = [
        sample["failure"]
        for workload in store.tasks.get(own).workloads
        for sample in read_samples(tmp_path / workload.uuid).to_pylist()
        if sample["failure"]
    ]
    assert (missed(rows), failures) == ({}, [])
    assert judgement.passed is not is_invalid(rows)
    assert ours(embedded_cloud) <= before
    assert store.ledger.standing(embedded_cloud.name) == []


def test_a_stopped_load_leaves_no_server(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """Servers that were being booted when the load was stopped are gone, with their users and projects."""
    before = ours(embedded_cloud)
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    stop, own = threading.Event(), str(uuid.uuid4())
    plan = task_of(BOOT, {"times": 100, "concurrency": 4})
    running = threading.Thread(
        target=task_run.run,
        args=(plan, embedded_cloud, store),
        kwargs={"uuid": own, "samples": tmp_path, "stop": stop, "drain": 0},
    )
    running.start()
    deadline = time.monotonic() + 120
    while (row := store.tasks.get(own)) is None or row.workloads[0].progress.get("done", 0) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    stop.set()
    running.join(120)
    assert not running.is_alive()
    [workload] = store.tasks.get(own).workloads
    assert workload.status == "aborted"
    failures = [sample["failure"] for sample in read_samples(tmp_path / workload.uuid).to_pylist()]
    assert {failure["kind"] for failure in failures if failure} == {"Aborted"}
    servers = embedded_cloud.connect().compute.servers(all_projects=True)
    assert [server.name for server in servers if server.name.startswith("s_rally_")] == []
    assert ours(embedded_cloud) <= before
    assert store.ledger.standing(embedded_cloud.name) == []


def test_what_this_cloud_lacks_is_told(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """An image and a flavor that the cloud has not are told together, and nothing is made."""
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    wrong = {"NovaServers.boot_and_delete_server": {"image": {"name": "nosuch"}, "flavor": {"name": "m1.nan0"}}}
    with pytest.raises(InvalidInput) as caught:
        task_run.run(
            task_of(wrong, {"times": 1}), embedded_cloud, store, uuid="u", samples=tmp_path, stop=threading.Event()
        )
    assert [complaint.key.rpartition(".")[2] for complaint in caught.value.complaints] == ["flavor", "image"]
    assert "did you mean m1.nano?" in str(caught.value)
    assert store.tasks.get("u") is None


def test_a_service_is_restarted_in_mid_load(embedded_cloud: Cloud, paths: Settings, tmp_path: Path) -> None:
    """A hook restarts nova's scheduler while servers boot; it says so in its results, and the service runs again."""
    store = Store.open(paths.results_url)
    hook = {
        "action": {"fault_injection": {"action": "restart nova-scheduler service"}},
        "trigger": {"event": {"unit": "iteration", "at": [3]}},
    }
    runner = {"constant": {"times": 8, "concurrency": 2}}
    subtask = {"title": "s", "scenario": BOOT, "runner": runner, "hooks": [hook], "sla": {}}
    text = yaml.safe_dump({"version": 2, "title": "T", "subtasks": [subtask]})
    own = str(uuid.uuid4())
    plan = task.load(text, known=catalogue.known())
    task_run.run(plan, embedded_cloud, store, uuid=own, samples=tmp_path, stop=threading.Event())
    [workload] = store.tasks.get(own).workloads
    [result] = workload.hook_results
    assert result["summary"] == {"success": 1}, result
    assert result["results"][0]["triggered_by"] == {"event_type": "iteration", "value": 3}
    assert workload.statistics is None
    assert len(read_samples(tmp_path / workload.uuid)) == 8
    row = store.clouds.get(embedded_cloud.name)
    spec = deployment.load_spec(row.spec, file="c")
    with opened(lifecycle.site_of(spec, store, paths)) as site:
        states = {service.name: service.state for service in deployment.status(spec, site)}
    assert states["nova-scheduler"] == "RUNNING"


def test_users_of_one_project_look_at_their_servers_together(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """Eight boots at a time in one project, each known as soon as the cloud knows it, in whatever order they come."""
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    own = str(uuid.uuid4())
    task_run.run(
        task_of(BOOT, {"times": 16, "concurrency": 8}),
        embedded_cloud,
        store,
        uuid=own,
        samples=tmp_path,
        stop=threading.Event(),
    )
    [workload] = store.tasks.get(own).workloads
    samples = read_samples(tmp_path / workload.uuid).to_pylist()
    assert [sample["failure"] for sample in samples] == [None] * 16
