"""Rally's own results are imported unchanged, and Rally's own tools read exported ones."""

import json
import time
from pathlib import Path
from typing import Any

from measured_by_rally import CLOUD, Rally

from rallycross.exchange.files import export_rally, import_rally
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sample_file import SampleWriter, read_samples
from rallycross.results.store import Store
from rallycross.task.plan import Hook, Subtask, Task, Workload

# What the store has no place for, and what says who wrote the file and when.
NOT_KEPT = {"env_uuid", "info"}
OF_SUBTASKS = {"uuid", "updated_at", "created_at"}


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """Return the values that both have."""
    whole = {key: value for key, value in document.items() if key not in NOT_KEPT}
    for task in whole["tasks"]:
        for key in NOT_KEPT | {"title"}:  # Rally loses the title of a task that is started from the command line
            task.pop(key, None)
        for subtask in task["subtasks"]:
            for key in OF_SUBTASKS:
                subtask.pop(key, None)
            for workload in subtask["workloads"]:
                workload.pop("start_time")  # Rally's database rounds it to microseconds
                for config in (hook["config"] for hook in workload["hooks"]):
                    for part in ("action", "trigger"):  # Rally 5.1.1 writes mappings and reads pairs
                        pair = config[part]
                        config[part] = dict([pair]) if isinstance(pair, list) else pair
    return whole


def test_rallys_results_come_back_as_they_were(rally: Rally, store: Store, tmp_path: Path) -> None:
    """Iterations, times, actions, outputs, hooks, SLA and Rally's statistics are the same to the last digit."""
    (uuid,) = import_rally(store, rally.results, samples=tmp_path / "samples")
    task = store.tasks.get(uuid)
    assert task is not None
    export_rally([task], tmp_path / "back.json", samples=tmp_path / "samples")

    given, back = (json.loads(path.read_text()) for path in (rally.results, tmp_path / "back.json"))

    assert _kept(back) == _kept(given)


def test_an_imported_task_is_one_of_ours(rally: Rally, store: Store, tmp_path: Path) -> None:
    """An imported task has cloud, timing, origin, verdict, statistics and samples like a task that was run here."""
    samples = tmp_path / "samples"
    (uuid,) = import_rally(store, rally.results, samples=samples)
    task = store.tasks.get(uuid)
    assert task is not None

    assert (task.cloud, task.timing, task.origin, task.status) == (CLOUD, "rally", str(rally.results), "finished")
    assert [workload.position for workload in task.workloads] == [0, 1, 2, 3]
    assert [workload.passed for workload in task.workloads] == [True, True, False, True]
    failing = task.workloads[2]
    assert failing.figures is not None
    assert failing.figures.failed == sum(group.count for group in failing.figures.failures) > 0
    nested = read_samples(samples / failing.uuid)["actions"].to_pylist()
    assert {action["depth"] for actions in nested for action in actions} == {0, 1}


def test_the_old_list_gives_the_same_samples(rally: Rally, store: Store, tmp_path: Path) -> None:
    """Rally's old list gives the same iterations, on the day of their measurement."""
    samples = tmp_path / "samples"
    new, old = (store.tasks.get(import_rally(store, path, samples=samples)[0]) for path in (rally.results, rally.old))
    assert new is not None
    assert old is not None

    assert abs(new.started_at - old.started_at) < 60
    for one, other in zip(new.workloads, old.workloads, strict=True):
        assert (one.scenario, one.args, one.runner, one.runner_args) == (
            other.scenario,
            other.args,
            other.runner,
            other.runner_args,
        )
        assert (one.hook_results, one.passed) == (other.hook_results, other.passed)
        tables = [read_samples(samples / row.uuid).drop_columns(["actions"]) for row in (one, other)]
        assert tables[0].to_pylist() == tables[1].to_pylist()


def test_rally_reads_a_task_of_ours(rally: Rally, store: Store, tmp_path: Path) -> None:
    """Rally's `task import`, `report`, `trends` and `sla-check` work on an exported task, with the same figures."""
    file = tmp_path / "ours.json"
    uuid = _task_of_ours(store, tmp_path / "samples")
    task = store.tasks.get(uuid)
    assert task is not None
    export_rally([task], file, samples=tmp_path / "samples")

    imported = rally.run("task", "import", "--file", file, "--env", CLOUD)
    uuid_there = imported.split("Task UUID: ")[1].strip().rstrip(".")
    rally.run("task", "report", file, "--html", "--out", tmp_path / "report.html")
    rally.run("task", "report", uuid_there, "--html-static", "--out", tmp_path / "static.html")
    rally.run("task", "trends", file, uuid_there, "--out", tmp_path / "trends.html")
    rally.run("task", "report", uuid_there, "--json", "--out", tmp_path / "there.json")
    checked = json.loads(rally.run("task", "sla-check", "--uuid", uuid_there, "--json", allowed=1))

    ours, theirs = (json.loads(path.read_text())["tasks"][0] for path in (file, tmp_path / "there.json"))
    for one, other in zip(_workloads(ours), _workloads(theirs), strict=True):
        assert one["data"] == other["data"]
        assert one["statistics"] == other["statistics"]
        for key in ("total_iteration_count", "failed_iteration_count", "min_duration", "max_duration", "pass_sla"):
            assert one[key] == other[key], key
    assert [(row["criterion"], row["status"]) for row in checked] == [("failure_rate", "FAIL")]
    assert "Ours.boot" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "trends.html").stat().st_size > 1000


def _workloads(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [workload for subtask in task["subtasks"] for workload in subtask["workloads"]]


def _task_of_ours(store: Store, samples: Path) -> str:
    """Compute a paced load with failures, nested and repeated actions, outputs and a hook."""
    hook = Hook("sys_call", "echo hello", "event", {"unit": "iteration", "at": [2]}, "says hello")
    workload = Workload(
        0, "Ours.boot", {"flavor": {"name": "m1.tiny"}}, "rps", {"times": 40, "rps": 5}, {"users": {"tenants": 2}},
        {"failure_rate": {"max": 0}}, hooks=(hook,),
    )  # fmt: skip
    uuid = "6f1d3c40-0000-4000-8000-000000000001"
    task = Task("Ours", (Subtask("One", (workload,)),), tags=("nightly",))
    (workload_uuid,) = store.tasks.begin(uuid, cloud="embedded", task=task, environment={}).values()
    store.workloads.begin(workload_uuid)
    store.workloads.begin_load(workload_uuid, at=time.time())
    writer = SampleWriter(samples / workload_uuid / "0.arrows")
    for number in range(40):
        due, started, ended = number / 5, number / 5 + 0.01, number / 5 + 0.4 + number / 97
        failed = number % 7 == 0
        actions = [
            Action("nova.boot_server", 0, started, started + 0.2),
            Action("nova.wait", 1, started + 0.1, started + 0.2),
            Action("nova.delete_server", 0, started + 0.2, ended, failed=number % 14 == 0),
            *([Action("nova.boot_server", 0, ended, ended)] if number % 2 else []),
        ]
        failure = Failure("Boom", "it broke", "Traceback ...", "req-1") if failed else None
        shown = {"kind": "additive", "title": "MB", "chart_plugin": "Pie", "data": [["read", number]]}
        writer.add(Sample(number, 0, due, started, ended, 0.05, failure, actions, outputs=[shown]))
    writer.close()
    ran = {"status": "success", "started_at": 1.0, "finished_at": 2.0}
    result = {
        "config": {"action": {"sys_call": "echo hello"}, "trigger": {"event": {"unit": "iteration", "at": [2]}}},
        "results": [
            {**ran, "triggered_by": {"event_type": "iteration", "value": 2}},
            {
                **ran,
                "status": "failed",
                "triggered_by": {"event_type": "iteration", "value": 2},
                "error": {"etype": "n/a", "msg": "exit code 1", "details": ""},
            },
        ],
        "summary": {"success": 1, "failed": 1},
    }
    done = {"started_at": 1.0, "finished_at": 2.0, "error": None}
    contexts = [{"plugin_name": "users", "plugin_cfg": {}, "setup": done, "cleanup": done}]
    store.workloads.end(
        workload_uuid, status="finished", load_seconds=8.0, full_seconds=9.0, contexts=contexts, hook_results=[result]
    )
    store.tasks.end(uuid, status="finished")
    judge(store, uuid, samples=samples)
    return uuid
