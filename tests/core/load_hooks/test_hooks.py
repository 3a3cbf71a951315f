"""Hooks of a workload: when their actions happen, and what is told of them. The actions are real programs."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.target import HookTarget
from rallycross.task.plan import Hook


def call(command: str, *, trigger: str = "event", description: str = "", **moments: Any) -> Hook:
    """Return a hook that runs a program."""
    return Hook("sys_call", command, trigger, moments, description)


def charts(*, additive: list[Any], complete: list[Any]) -> str:
    """Return a command that prints charts."""
    text = json.dumps({"additive": additive, "complete": complete})
    return f"echo {quote(text)}"


def test_an_action_happens_at_its_iterations(target: HookTarget, tmp_path: Path) -> None:
    """Of ten iterations, those that a trigger names set its action off, once each; Rally's result says so."""
    note = tmp_path / "note"
    hook = call(f"sh -c 'echo x >> {note}'", description="notes", unit="iteration", at=[2, 9])
    hooks = Hooks([hook], target)
    hooks.load_began()
    before = time.time()
    for number in range(1, 11):
        hooks.started(number)
    [result] = hooks.close()
    assert note.read_text() == "x\nx\n"
    assert result["config"] == {
        "action": {"sys_call": hook.action_args},
        "trigger": {"event": {"unit": "iteration", "at": [2, 9]}},
        "description": "notes",
    }
    assert result["summary"] == {"success": 2}
    assert [one["triggered_by"] for one in result["results"]] == [
        {"event_type": "iteration", "value": 2},
        {"event_type": "iteration", "value": 9},
    ]
    assert all(before <= one["started_at"] <= one["finished_at"] <= time.time() for one in result["results"])


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("yes", "OverflowError"),
        ("cat /dev/zero", "OverflowError"),
        ("sh -c 'yes >&2'", "OverflowError"),
        ("sh -c 'yes | head -c 200000; exit 3'", "n/a"),
        (f"{sys.executable} -c \"print('[' * 200000)\"", ""),
    ],
)
def test_a_program_may_say_only_so_much(target: HookTarget, command: str, error: str) -> None:
    """One that prints without end is ended, and of what others print the report has a part."""
    hooks = Hooks([call(command, unit="iteration", at=[1])], target)
    hooks.load_began()
    hooks.started(1)
    [result] = hooks.close()
    [one] = result["results"]
    assert one.get("error", {}).get("etype", "") == error
    assert len(json.dumps(one)) < 700_000


def test_seconds_are_counted_from_the_first_iteration(target: HookTarget) -> None:
    """Nothing happens before the load begins; then each second does that a trigger names, until the end of the load."""
    seen = threading.Event()
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if text == "hook sys_call, at 1 s: done":
            seen.set()

    hooks = Hooks(
        [call("true", trigger="periodic", unit="time", step=1), call("true", unit="time", at=[900])], target, tell
    )
    assert not hooks.iterations()
    assert not told
    hooks.load_began()
    hooks.load_began()
    assert seen.wait(30)
    every, never = hooks.close()
    seconds = [one["triggered_by"]["value"] for one in every["results"]]
    assert seconds[:2] == [0, 1]
    assert seconds == sorted(set(seconds))
    assert (never["results"], never["summary"]) == ([], {})


def test_after_the_end_nothing_begins(target: HookTarget) -> None:
    """What a load tells after `close` sets nothing off."""
    hooks = Hooks([call("true", unit="iteration", at=[1])], target)
    hooks.close()
    hooks.load_began()
    hooks.started(1)
    assert hooks.close()[0]["results"] == []


def test_hooks_are_told_from_many_threads(target: HookTarget) -> None:
    """Each of a thousand iterations that eight threads tell of is counted once."""
    hooks = Hooks([call("true", trigger="periodic", unit="iteration", step=50)], target)

    def tell(first: int) -> None:
        for number in range(first, 1001, 8):
            hooks.started(number)

    threads = [threading.Thread(target=tell, args=(first,)) for first in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [result] = hooks.close()
    assert sorted(one["triggered_by"]["value"] for one in result["results"]) == list(range(1, 1001, 50))


def test_charts_of_a_program_are_shown(target: HookTarget) -> None:
    """JSON on the standard output with charts of both kinds is taken as charts."""
    pie = {"title": "p", "chart_plugin": "Pie", "data": [["a", 1]]}
    text = {"title": "t", "chart_plugin": "TextArea", "data": ["b"]}
    hooks = Hooks([call(charts(additive=[pie], complete=[text]), unit="iteration", at=[1])], target)
    hooks.started(1)
    [result] = hooks.close()
    assert result["results"][0]["output"] == {"additive": [pie], "complete": [text]}


@pytest.mark.parametrize("said", ["plain words", "5", "[1]", '{"additive": [5]}', '{"complete": [{"title": "t"}]}', ""])
def test_other_words_of_a_program_are_shown_as_text(target: HookTarget, said: str) -> None:
    """Whatever is no charts, JSON or not, is shown as it is, with the exit code."""
    hooks = Hooks([call(f"echo {quote(said)}", unit="iteration", at=[1])], target)
    hooks.started(1)
    [result] = hooks.close()
    [chart] = result["results"][0]["output"]["complete"]
    assert result["summary"] == {"success": 1}
    assert (chart["chart_plugin"], chart["data"][0]) == ("TextArea", "exit code: 0")
    assert said in chart["data"][1]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("sh -c 'echo why >&2; exit 3'", {"etype": "n/a", "msg": "exit code 3", "details": "why\n"}),
        ("sh -c 'echo out; exit 4'", {"etype": "n/a", "msg": "exit code 4", "details": "stdout: out\n"}),
    ],
)
def test_a_program_that_fails_fails_the_hook(target: HookTarget, command: str, error: dict[str, str]) -> None:
    """An exit code other than 0 is a failure with the program's last words; they are shown all the same."""
    hooks = Hooks([call(command, unit="iteration", at=[1])], target)
    hooks.started(1)
    [result] = hooks.close()
    assert (result["summary"], result["results"][0]["error"]) == ({"failed": 1}, error)
    assert result["results"][0]["output"]["complete"]


def test_a_program_that_is_not_there_fails_the_hook(target: HookTarget) -> None:
    """What cannot be started is a failure of the hook, with its traceback, and not of the load."""
    hooks = Hooks([call("/no/such/program", unit="iteration", at=[1])], target)
    hooks.started(1)
    [result] = hooks.close()
    assert result["results"][0]["error"]["etype"] == "FileNotFoundError"
    assert "Traceback" in result["results"][0]["error"]["details"]


def test_what_does_not_end_is_ended(target: HookTarget, tmp_path: Path) -> None:
    """Nobody waits longer than the limit: a program that goes on is killed, children and all, and has failed."""
    pids = tmp_path / "pids"
    hooks = Hooks([call(f"sh -c 'sleep 600 & echo $$ $! > {pids}; wait'", unit="iteration", at=[1])], target)
    hooks.started(1)
    deadline = time.monotonic() + 60
    while not (begun := pids.exists() and len(pids.read_text().split()) == 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    [result] = hooks.close(limit=0.1)
    assert begun, result
    assert result["summary"] == {"failed": 1}
    assert result["results"][0]["error"]["etype"] == "TimeoutError"
    parent, child = map(int, pids.read_text().split())
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)
    for _ in range(200):  # the child has lost its parent: another one takes note of its end
        if not Path(f"/proc/{child}").exists() or ") Z" in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.02)
    raise AssertionError(f"{child} still runs")


def test_a_program_does_not_wait_for_the_daemon_that_it_leaves(target: HookTarget) -> None:
    """A program has ended when it has ended, even if something that it has started holds its output."""
    script = "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)"
    hooks = Hooks([call(f"{sys.executable} -c {quote(script)}", unit="iteration", at=[1])], target)
    hooks.started(1)
    [result] = hooks.close()
    assert result["summary"] == {"success": 1}
    pid = result["results"][0]["output"]["complete"][0]["data"][1].split()[1]
    os.kill(int(pid), 9)  # raises when it is no more


def test_a_stop_is_heard_while_an_action_is_waited_for(target: HookTarget) -> None:
    """The load has ended and its hook goes on: from the stop on, that has the time of the drain and no longer."""
    hooks = Hooks([call("sleep 500", unit="iteration", at=[1])], target)
    hooks.started(1)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    [result] = hooks.close(stop=stop, drain=0.2)
    assert result["summary"] == {"failed": 1}
    assert "was ended" in result["results"][0]["error"]["msg"]
