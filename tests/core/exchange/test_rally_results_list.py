"""Results of `rally task results` from any year since 2014 are imported, and look like runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from rallycross.errors import InvalidInput
from rallycross.exchange.files import import_rally
from rallycross.exchange.rally_export import _hook
from rallycross.exchange.rally_hooks import modern_hooks
from rallycross.exchange.rally_import import Imported, read_rally
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

KEY = {"name": "NovaServers.boot_server", "pos": 0, "kw": {"args": {}, "runner": {"type": "serial", "times": 2}}}
ITERATION = {"timestamp": 1_411_000_000.5, "duration": 2.0, "idle_duration": 1.0, "error": [], "atomic_actions": {}}
RESULT = {"key": KEY, "sla": [], "result": [ITERATION], "load_duration": 3.0, "full_duration": 5.0}
RAN = {"started_at": 10.0, "finished_at": 12.0, "status": "success", "triggered_by": {"iteration": 2}}


def read(**changed: Any) -> Imported:
    """Return the task of a list with one workload, changed by the arguments."""
    (imported,) = read_rally(json.dumps([{**RESULT, **changed}]), file="somewhere/r.json")
    return imported


def actions(**changed: Any) -> list[tuple[str, float, bool]]:
    """Return the actions of an iteration, changed by the arguments: name, seconds, whether it failed."""
    imported = read(result=[{**ITERATION, **changed}])
    (sample,) = imported.samples(imported.task.workloads[0])
    return [(action.name, action.ended - action.started, action.failed) for action in sample.actions]


def test_results_of_early_2014_are_taken() -> None:
    """Iterations with the old keys, without timestamps and with a mapping as output are read."""
    iteration = {
        "time": 2.0,
        "idle_time": 1.0,
        "error": None,
        "scenario_output": {"data": {"read": 3}, "errors": ""},
        "atomic_actions_time": [{"action": "nova.boot", "duration": 1.5}, {"action": "nova.boot", "duration": 0.5}],
    }
    (imported,) = read_rally(json.dumps([{"key": KEY, "result": [iteration, iteration]}]), file="r.json")
    (row,) = imported.task.workloads
    first, second = imported.samples(row)
    assert [(one.name, one.ended - one.started) for one in first.actions] == [
        ("nova.boot", 1.5),
        ("nova.boot (2)", 0.5),
    ]
    assert (first.ended, second.started, second.ended) == (3.0, 3.0, 6.0)
    assert [(one["title"], one["data"]) for one in first.outputs] == [("Scenario output", [["read", 3]])]
    assert row.load_seconds == 6.0


@pytest.mark.parametrize(
    "given",
    [
        {"a": 1.0, "b": None},
        [["a", 1.0], ["b", None]],
        [{"action": "a", "duration": 1.0}, {"action": "b", "duration": None}],
    ],
)
def test_actions_are_read_in_every_form(given: Any) -> None:
    """A mapping, pairs, and mappings of name and duration mean the same; an action without a duration has failed."""
    assert actions(atomic_actions=given) == [("a", 1.0, False), ("b", 0.0, True)]


def test_an_action_that_did_not_come_to_its_end_has_failed() -> None:
    """An action has failed if its flag says so or, without a flag, if it has no end."""
    at = ITERATION["timestamp"]
    given = [
        {"name": "a", "started_at": at, "finished_at": at + 0.5},
        {"name": "b", "started_at": at, "finished_at": None},
        {"name": "c", "started_at": at, "finished_at": at + 0.5, "failed": True},
    ]
    assert actions(atomic_actions=given) == [("a", 0.5, False), ("b", 0.0, True), ("c", 0.5, True)]


EVENT = {"event": {"unit": "iteration", "at": [2]}}
MADE = {
    "config": {"description": "says hello", "action": {"sys_call": "ls"}, "trigger": EVENT},
    "results": [{**RAN, "triggered_by": {"event_type": "iteration", "value": 2}}],
    "summary": {"success": 1},
}


@pytest.mark.parametrize(
    "config",
    [
        MADE["config"],
        {"description": "says hello", "action": ["sys_call", "ls"], "trigger": ["event", EVENT["event"]]},
        {
            "description": "says hello",
            "name": "sys_call",
            "args": "ls",
            "trigger": {"name": "event", "args": EVENT["event"]},
        },
        {"description": "says hello", "name": "sys_call", "args": "ls", "trigger": EVENT["event"]},
    ],
)
@pytest.mark.parametrize("by", [{"iteration": 2}, {"event_type": "iteration", "value": 2}])
def test_hooks_are_read_in_every_form(config: dict[str, Any], by: dict[str, Any]) -> None:
    """Action and trigger may be mappings, pairs, or a name with arguments; the event may be a mapping of one."""
    (hook,) = read(hooks=[{"config": config, "results": [{**RAN, "triggered_by": by}]}]).task.workloads[0].hook_results
    assert hook == MADE


def test_hooks_of_2016_are_put_together() -> None:
    """Separate runs of the same hook become one hook, with their trigger events."""
    run = {"hook": "sys_call", "description": "says hello", **RAN}
    failed = {**run, "status": "failed", "triggered_by": {"iteration": 5}, "output": "a\nb", "error": ["E", "m", "t"]}
    (row,) = read(hooks=[run, failed, {**run, "description": "another"}]).task.workloads
    first, other = row.hook_results
    assert first["config"] == {
        "description": "says hello",
        "action": {"sys_call": None},
        "trigger": {"event": {"unit": "iteration", "at": [2, 5]}},
    }
    assert first["summary"] == {"success": 1, "failed": 1}
    assert first["results"][1]["output"]["complete"][0]["data"] == ["a", "b"]
    assert other["config"]["description"] == "another"
    assert modern_hooks([first]) == [first]


@pytest.mark.parametrize("sla", [None, [], [{"criterion": "max_failure_percent", "success": True, "detail": None}]])
def test_sla_rows_are_read_in_every_form(sla: Any) -> None:
    """Results without criteria, and without a missed one, have passed."""
    assert read(sla=sla).task.workloads[0].passed is True


def test_an_imported_run_looks_like_a_run() -> None:
    """The title has the scenarios, and the run has an end, whatever times the file has."""
    imported = read(created_at="2014-18-09T00:26:40")
    assert (imported.task.title, imported.task.ended_at) == ("NovaServers.boot_server", imported.task.started_at + 5)
    undated = read(load_duration=None, full_duration=None)
    assert undated.task.ended_at == undated.task.started_at + 3
    assert undated.task.workloads[0].ended_at == undated.task.ended_at
    workload = {"scenario": {"A.b": {}}, "runner": {"serial": {}}, "data": [ITERATION]}
    names = ("A.b", "C.d", "A.b", "E.f")
    subtasks = [{"workloads": [{**workload, "scenario": {name: {}}}]} for name in names]
    for count, title in ((1, "A.b"), (2, "A.b and C.d"), (4, "A.b and 2 more")):
        (task,) = read_rally(json.dumps({"tasks": [{"subtasks": subtasks[:count]}]}), file="dir/r.json")
        assert task.task.title == title
        assert task.task.ended_at is not None


@pytest.mark.parametrize(
    "end",
    [
        *(None, "", "then", "2014-09-18T00:26:45", "2014-09-18T00:26:45Z", "2014-09-18T00:26:45.5+00:00"),
        *("2014-09-18 00:26:45.5", "9999-12-31T23:59:59", "0001-01-01T00:00:00"),
    ],
)
def test_a_task_has_ended_whatever_it_says_of_its_end(end: str | None) -> None:
    """An invalid end, or one before the start, is replaced by the end of the load."""
    told = {"created_at": "2014-09-18T00:26:40", **({} if end is None else {"updated_at": end})}
    workload = {"scenario": {"A.b": {}}, "runner": {"serial": {}}, "data": [], "full_duration": 5.0, **told}
    for task in ({**told}, {**told, "created_at": "2014-09-18T00:26:40Z", "updated_at": "2013-01-01T00:00:00"}):
        (imported,) = read_rally(
            json.dumps({"tasks": [{**task, "subtasks": [{"workloads": [workload]}]}]}), file="r.json"
        )
        assert imported.task.ended_at == imported.task.started_at + 5
        assert imported.task.workloads[0].ended_at == imported.task.ended_at


def test_a_run_of_a_hook_may_lack_what_set_it_off_and_say_its_error_in_a_word() -> None:
    """The report finds a mapping for the event and a list of three for the error in any case."""
    run = {"hook": "sys_call", "status": "failed", "error": "no such file", "triggered_by": None}
    (hook,) = read(hooks=[run]).task.workloads[0].hook_results
    assert hook["results"][0]["triggered_by"] == {}
    assert hook["results"][0]["error"] == ["", "no such file", ""]


def test_what_is_no_number_is_told_with_its_place_where_one_is_needed() -> None:
    """NaN and infinity count as no value if that is allowed, and are refused with their place if not."""
    chart = {"title": "t", "chart_plugin": "Pie", "data": [["a", float("nan")]]}
    iteration = {**ITERATION, "idle_duration": float("inf"), "output": {"additive": [chart], "complete": []}}
    (sample,) = (imported := read(result=[iteration])).samples(imported.task.workloads[0])
    assert (sample.idle, sample.outputs[0]["data"]) == (0.0, [["a", None]])
    for literal in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = json.dumps([RESULT]).replace('"duration": 2.0', f'"duration": {literal}')
        said = rf"r.json: .*\[0\]\.result\[0\]\.duration: {literal.replace('1e999', 'Infinity')} is not a number"
        with pytest.raises(InvalidInput, match=said):
            read_rally(text, file="r.json")


@pytest.mark.parametrize(
    ("hooks", "place"),
    [
        ([{"status": "x"}], r"\[0\].hooks\[0\]: 'hook' is a required"),
        ([{"hook": "x", "started_at": "y"}], r"hooks\[0\].started_at"),
        ([{"config": {"action": "ls"}}], r"hooks\[0\].config.action"),
        ([{"config": {"action": ["ls"], "trigger": {}}}], r"hooks\[0\].config.action"),
    ],
)
def test_hooks_that_cannot_be_read_are_told_with_their_place(hooks: Any, place: str) -> None:
    """The complaint about an unreadable hook has the path to the wrong value."""
    with pytest.raises(InvalidInput, match=place):
        read(hooks=hooks)


@pytest.mark.parametrize(
    ("error", "exported"),
    [
        ({"etype": "n/a", "msg": "exit code 1", "details": "boom"}, ["n/a", "exit code 1", "boom"]),
        ({"etype": "n/a", "msg": None}, ["n/a", "", ""]),
        (["E", "m"], ["E", "m", ""]),
        ("m", ["", "m", ""]),
        (None, None),
    ],
)
def test_a_failed_hook_is_exported_with_three_strings(error: Any, exported: Any) -> None:
    """The error of a failed hook is three texts, and its run only has the keys that Rally allows."""
    run = {**RAN, "status": "failed", "error": error, "triggered_by": {"event_type": "time", "value": 3, "more": 1}}
    (made,) = _hook({**MADE, "results": [run]})["results"]
    assert made.get("error") == exported
    assert made["triggered_by"] == {"event_type": "time", "value": 3}


def test_an_old_file_is_kept_whole(store: Store, tmp_path: Path) -> None:
    """The list is stored, judged, and has its samples."""
    file = tmp_path / "r.json"
    file.write_text(json.dumps([{**RESULT, "hooks": [{"hook": "sys_call", "description": "d", **RAN}]}]))
    (uuid,) = import_rally(store, file, samples=tmp_path / "samples")
    task = store.tasks.get(uuid)
    assert task is not None
    (row,) = task.workloads
    assert row.hook_results[0]["summary"] == {"success": 1}
    assert read_samples(tmp_path / "samples" / row.uuid).num_rows == 1
