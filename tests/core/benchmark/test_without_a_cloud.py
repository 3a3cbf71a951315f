"""Whole runs with real load processes, of scenarios without a cloud."""

import os
import queue
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from load_processes import load_processes

from rallycross.benchmark import task_run, workload_run
from rallycross.benchmark.process_pool import Died, LoadProcess, ProcessPool
from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.models import WorkloadRow

UUID = "99999999-2222-4333-8444-666666666666"
TASK = """
version: 2
title: T
subtasks:
- {title: s, scenario: {Dummy.dummy: {sleep: 0.05}}, runner: {constant: {times: 10000}}}
"""
SLOW: dict[str, Any] = {"Dummy.dummy": {"sleep": 0.05}}


def constant(times: int, concurrency: int = 1) -> dict[str, Any]:
    """Return a runner."""
    return {"constant": {"times": times, "concurrency": concurrency}}


def rows(workload: WorkloadRow) -> dict[str, bool]:
    """Return the criteria of a workload, and whether each was met."""
    return {row.criterion: row.passed for row in workload.sla_rows}


def of_the_task(workload: WorkloadRow) -> dict[str, bool]:
    """Return the criteria that the task asks for: whether a busy machine starved the generator is no matter here."""
    return {name: passed for name, passed in rows(workload).items() if name != INVALID_LOAD}


def test_a_load_is_driven_by_a_process_that_ends_with_the_task(alone: Any) -> None:
    """Samples and the generator's health are stored, and after the run no process is left."""
    [workload] = alone.run({"scenario": SLOW, "runner": constant(20, 4)})
    assert workload.status == "finished"
    samples = alone.measured(workload)
    assert sorted(sample["iteration"] for sample in samples) == list(range(20))
    assert [(action["name"], action["depth"]) for action in samples[0]["actions"]] == [("foo", 0), ("bar", 1)]
    assert workload.generator["processes"] == 1
    [shard] = workload.generator["shards"]
    assert shard["seconds"] >= 0.25
    assert shard["peak_rss_mb"] > 10
    assert workload.load_began_at > workload.started_at
    assert of_the_task(workload) == {"failure_rate": True}
    assert load_processes() == []


def test_a_process_that_runs_a_task_gives_signs_of_life(alone: Any) -> None:
    """While a task runs, its last sign of life moves on."""
    seen = set()

    def moved() -> bool:
        seen.update(row.beat_at for uuid in alone.store.tasks.running() if (row := alone.store.tasks.get(uuid)))
        return len(seen) > 2

    watching = alone.meanwhile(moved, alone.stop.set)
    [workload] = alone.run({"scenario": SLOW, "runner": constant(10_000)})
    watching.join()
    assert workload.status == "aborted"


def test_several_processes_do_what_one_would(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three processes, each iteration runs once, each process runs some, and the figures are of all."""
    monkeypatch.setattr(workload_run, "processes", lambda *_, **__: 3)
    [workload] = alone.run({"scenario": SLOW, "runner": constant(30, 6)})
    samples = alone.measured(workload)
    assert sorted(sample["iteration"] for sample in samples) == list(range(30))
    assert {sample["shard"] for sample in samples} == {0, 1, 2}
    assert [shard["shard"] for shard in workload.generator["shards"]] == [0, 1, 2]
    assert workload.figures.count == 30
    assert workload.progress["done"] == 30


def test_a_load_process_that_is_killed_ends_its_workload_alone(alone: Any) -> None:
    """After `kill -9` the workload is crashed and keeps its samples, and the next one runs."""
    killing = alone.meanwhile(lambda: alone.done() >= 10, lambda: os.kill(load_processes()[0], signal.SIGKILL))
    first, second = alone.run({"scenario": SLOW, "runner": constant(10_000)}, {"scenario": SLOW, "runner": constant(3)})
    killing.join()
    assert first.status == "crashed"
    assert first.error == "process killed: a load process died by signal 9 (SIGKILL); what it had measured is kept"
    assert 10 <= len(alone.measured(first)) < 10_000
    assert not rows(first)["something_went_wrong"]
    assert first.figures.count == len(alone.measured(first))
    assert second.status == "finished"
    assert load_processes() == []


def test_one_of_several_that_is_killed_takes_the_others_with_it(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If one load process is killed, the whole load ends."""
    monkeypatch.setattr(workload_run, "processes", lambda *_, **__: 2)
    killing = alone.meanwhile(lambda: alone.done() >= 10, lambda: os.kill(load_processes()[-1], signal.SIGKILL))
    [workload] = alone.run({"scenario": SLOW, "runner": constant(10_000, 2)})
    killing.join()
    assert workload.status == "crashed"
    assert load_processes() == []


def pause(processes: list[int], seconds: float) -> None:
    """Stop processes for a while."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    time.sleep(seconds)
    for process in processes:
        os.kill(process, signal.SIGCONT)


def test_a_generator_that_was_stopped_is_not_believed_in_any_kind_of_loop(
    alone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped load process makes a closed and an open load INVALID, with the length of the stall and its effect."""
    runners: list[dict[str, Any]] = [
        {"serial": {"times": 80}},
        constant(160, 2),
        {"constant_for_duration": {"duration": 4, "concurrency": 2}},
        {"ramp": {"stages": [{"users": 2, "duration": 4}]}},
        {"rps": {"times": 80, "rps": 20}},
        {"arrival_rate": {"rate": 20, "duration": 4}},
    ]
    monkeypatch.setattr(task_run, "ProcessPool", partial(ProcessPool, warm=len(runners)))
    together = [{"scenario": SLOW, "runner": runner} for runner in runners]

    def all_began() -> bool:
        workloads = alone.workloads()
        return bool(workloads) and all(workload.load_began_at for workload in workloads)

    pausing = alone.meanwhile(all_began, lambda: pause(load_processes(), 2.5))
    workloads = alone.run({"workloads": together, "run_in_parallel": True})
    pausing.join()
    for workload in workloads:
        [detail] = [row.detail for row in workload.sla_rows if row.criterion == "invalid_load"]
        assert "stood still for" in detail, workload.runner
        assert "(stopped)" in detail, workload.runner
        assert workload.figures.stood.count >= 1


def test_one_of_several_that_was_stopped_makes_the_load_invalid(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row names the one of several processes that was stopped."""
    monkeypatch.setattr(workload_run, "processes", lambda *_, **__: 2)
    pausing = alone.meanwhile(lambda: alone.done() >= 4, lambda: pause(load_processes()[-1:], 2.5))
    [workload] = alone.run({"scenario": SLOW, "runner": constant(80, 2)})
    pausing.join()
    [detail] = [row.detail for row in workload.sla_rows if row.criterion == "invalid_load"]
    assert re.match(r"load process \d of 2 stood still for 2\.\d s", detail)


def test_stopping_drains_and_keeps_what_was_measured(alone: Any) -> None:
    """After a stop by hand running iterations end, no other begins, and the next workload never begins."""
    stopping = alone.meanwhile(lambda: alone.done() >= 10, alone.stop.set)
    first, second = alone.run({"scenario": SLOW, "runner": constant(10_000, 2)}, {"scenario": SLOW})
    stopping.join()
    assert (first.status, second.status) == ("aborted", "init")
    samples = alone.measured(first)
    assert 10 <= len(samples) < 10_000
    assert not any(sample["failure"] for sample in samples)
    assert not rows(first)["aborted_manually"]


@pytest.mark.parametrize("abort", [False, True])
def test_a_load_that_cannot_pass_any_more_is_stopped_if_asked(abort: bool, alone: Any) -> None:
    """With the option, a workload is stopped as soon as it certainly misses a criterion, and the next one runs."""
    failing = {"Dummy.dummy_exception": {"sleep": 0.02}}
    times = 2000 if abort else 100  # many: the stop has to come before their end
    first, second = alone.run(
        {"scenario": failing, "runner": constant(times), "sla": {"failure_rate": {"max": 0.5}}},
        {"scenario": SLOW, "runner": constant(2)},
        abort_on_sla_failure=abort,
    )
    measured = len(alone.measured(first))
    if abort:
        assert first.status == "aborted_on_sla"
        assert 11 <= measured < times  # ten of two thousand may fail, the eleventh makes it certain
        assert of_the_task(first) == {"failure_rate": False, "aborted_on_sla": False}
    else:
        assert (first.status, measured) == ("finished", 100)
    assert second.status == "finished"


def test_workloads_of_a_parallel_subtask_load_at_the_same_time(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workloads of a parallel subtask overlap; those of another subtask do not."""
    monkeypatch.setattr(
        task_run, "ProcessPool", partial(ProcessPool, warm=2)
    )  # else the second has its process to wait for
    together = [
        {"scenario": {"Dummy.dummy": {"sleep": 1.5}}, "runner": constant(2, 2)},
        {"scenario": {"Dummy.dummy_exception": {"sleep": 1.5}}, "runner": constant(2, 2)},
    ]
    one, two, three, four = alone.run({"workloads": together, "run_in_parallel": True}, {"workloads": together})

    def ends(workload: WorkloadRow) -> float:
        return float(workload.load_began_at + max(sample["ended"] for sample in alone.measured(workload)))

    assert one.load_began_at < ends(two)
    assert two.load_began_at < ends(one)
    assert four.load_began_at >= ends(three)
    assert [all(of_the_task(workload).values()) for workload in (one, two, three, four)] == [True, False, True, False]


def test_hooks_happen_beside_the_load(alone: Any) -> None:
    """Hooks run at iterations and seconds, and their results are stored in Rally's format."""
    hooks = [
        {"action": {"sys_call": "echo beside"}, "trigger": {"event": {"unit": "iteration", "at": [2, 5]}}},
        {"action": {"sys_call": "false"}, "trigger": {"event": {"unit": "time", "at": [0]}}},
    ]
    [workload] = alone.run({"scenario": SLOW, "runner": constant(8), "hooks": hooks})
    counted, timed = workload.hook_results
    assert [one["triggered_by"] for one in counted["results"]] == [
        {"event_type": "iteration", "value": 2},
        {"event_type": "iteration", "value": 5},
    ]
    assert (counted["summary"], timed["summary"]) == ({"success": 2}, {"failed": 1})
    assert "beside" in str(counted["results"][0]["output"])


def test_contexts_that_fail_are_told_and_shared_ones_taken_away_once(alone: Any) -> None:
    """A failed set-up crashes its workload; a failed clean-up fails it and keeps its figures."""
    crashed, well = alone.run(
        {"scenario": SLOW, "contexts": {"dummy_context": {"fail_setup": True}}},
        {"scenario": SLOW, "contexts": {"dummy_context": {"fail_cleanup": True}}},
    )
    assert (crashed.status, well.status) == ("crashed", "finished")
    assert not rows(crashed)["something_went_wrong"]
    assert well.contexts_done[0]["cleanup"]["error"]
    assert of_the_task(well) == {"failure_rate": True, "left_behind": False}


def test_an_open_loop_is_measured_from_when_it_was_due(alone: Any) -> None:
    """Due times are stored, dropped iterations are counted, and the warm-up is in no figure."""
    runner = {"arrival_rate": {"rate": 40, "duration": 2, "arrivals": "even", "max_in_flight": 1, "warm_up": 1}}
    [workload] = alone.run({"scenario": SLOW, "runner": runner})
    samples = sorted(alone.measured(workload), key=lambda sample: sample["iteration"])
    assert [sample["due"] for sample in samples] == pytest.approx([n / 40 for n in range(80)])
    figures = workload.figures
    assert figures.warm_up == 40
    assert figures.dropped > 0
    assert figures.count + figures.dropped == 40
    assert not rows(workload)["invalid_load"]


def test_a_load_process_that_does_not_end_is_ended(alone: Any) -> None:
    """A load process that ignores the stop is killed after the drain, and its samples are kept."""

    def hold_and_stop() -> None:
        os.kill(load_processes()[0], signal.SIGSTOP)
        alone.stop.set()

    stopping = alone.meanwhile(lambda: alone.done() >= 10, hold_and_stop)
    [workload] = alone.run({"scenario": SLOW, "runner": constant(10_000)}, drain=0.5)
    stopping.join()
    assert workload.status == "aborted"
    assert len(alone.measured(workload)) >= 10
    assert load_processes() == []


def test_one_that_is_gone_before_it_is_lent_is_told_of() -> None:
    """The death of a load process is reported to its user, even if it was earlier."""
    process = LoadProcess()
    process.kill()
    deadline = time.monotonic() + 20
    while process.alive:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    inbox: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    process.deliver_to(inbox, 7)
    place, message = inbox.get(timeout=20)
    assert (place, message) == (7, Died(-signal.SIGKILL))


def test_a_load_process_imports_only_what_it_needs() -> None:
    """It has neither a database, nor SSH, nor pandas in memory: each of many processes would hold them."""
    program = (
        "import sys\n"
        "from rallycross.benchmark import load_process\n"
        "load_process.SCENARIOS.all\n"
        "print([name for name in ('sqlalchemy', 'paramiko', 'pandas', 'airflow') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_load_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """After `kill -9` of the parent no load process is left."""
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from rallycross import catalogue, task\n"
        "from rallycross.benchmark import task_run\n"
        "from rallycross.cloud.cloud import NO_CLOUD\n"
        "from rallycross.results.store import Store\n"
        f"plan = task.load({TASK!r}, known=catalogue.known())\n"
        f"store = Store.open('sqlite:///{tmp_path}/results.db')\n"
        f"task_run.run(plan, NO_CLOUD, store, uuid='{UUID}', samples=Path('{tmp_path}'), stop=threading.Event())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        deadline = time.monotonic() + 60
        while not (children := load_processes(parent.pid)) or not list(tmp_path.glob("*/0.arrows")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        parent.kill()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_parallel_subtask_ends_when_one_of_its_workloads_cannot_be_stored(
    alone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the store ends the other workloads soon, and is raised."""
    end, ended = alone.store.workloads.end, []

    def refuse(uuid: str, **values: Any) -> None:
        ended.append(values["status"])
        if len(ended) == 1:
            raise OSError("no space left")
        end(uuid, **values)

    monkeypatch.setattr(alone.store.workloads, "end", refuse)
    together = [{"scenario": SLOW, "runner": constant(1)}, {"scenario": SLOW, "runner": constant(10_000)}]
    with pytest.raises(OSError, match="no space left"):
        alone.run({"workloads": together, "run_in_parallel": True})
    assert ended == ["finished", "aborted"]
