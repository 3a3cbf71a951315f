"""Steps carried out by real processes, on both kinds of host."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from carrying import carry
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from rallycross.deployment import detached
from rallycross.deployment.carry_out import undone
from rallycross.deployment.detached import Holder, Locked
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.host import Host
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.step import Step, StepEvent

HERE = LocalHost()


def _noting(name: str, root: Path, *, needs: tuple[str, ...] = (), script: str = "", always: bool = False) -> Step:
    """Return a step that writes its name down when it is done."""
    return Step(name, f"{script}\necho {name} >> {root}/log", needs=needs, always=always)


def _log(root: Path) -> list[str]:
    log = root / "log"
    return log.read_text().split() if log.exists() else []


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be noticed by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _soon_gone(pid: int) -> bool:
    """Tell whether a process ends within moments: a kill takes effect a little after it is sent."""
    deadline = time.monotonic() + 30
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _runs(pid)


def _until(true: Callable[[], object], what: str) -> None:
    """Wait for something to become true, but not without end."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_steps_run_in_the_order_of_their_needs(host: Host, tmp_path: Path, told: Told) -> None:
    """A step begins when all that it needs is done, and every one is told of as it begins and ends."""
    steps = [_noting("c", tmp_path, needs=("a", "b")), _noting("b", tmp_path, needs=("a",)), _noting("a", tmp_path)]
    carry(steps, host, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["a", "b", "c"]
    assert [(event.name, event.status) for event in told] == [
        (name, status) for name in "abc" for status in ("running", "done")
    ]
    assert {event.total for event in told} == {3}
    assert abs(told[-1].at - time.time()) < 60
    assert all(event.seconds >= 0 for event in told)


def test_a_step_gets_its_files_first(host: Host, tmp_path: Path, told: Told) -> None:
    """A step's files stand when its script runs, for the owner's eyes alone, and one with a `#!` can be run."""
    files = {f"{tmp_path}/etc/conf": "secret", f"{tmp_path}/bin/tool": "#!/bin/sh\ncat etc/conf > out"}
    carry([Step("use", f"cd {tmp_path}; bin/tool", files=files)], host, root=str(tmp_path), tell=told)
    assert (tmp_path / "out").read_text() == "secret"
    assert (tmp_path / "etc/conf").stat().st_mode & 0o777 == 0o600


def test_independent_steps_run_side_by_side(host: Host, tmp_path: Path, told: Told) -> None:
    """Two steps that wait for each other's sign both end: they run at the same time."""
    meet = "touch {0}/{1}; until [ -e {0}/{2} ]; do sleep 0.05; done"
    steps = [
        Step("a", meet.format(tmp_path, "a.here", "b.here"), limit=20),
        Step("b", meet.format(tmp_path, "b.here", "a.here"), limit=20),
    ]
    carry(steps, host, root=str(tmp_path), tell=told)
    assert told[-1].status == "done"


def test_what_is_done_is_skipped(host: Host, tmp_path: Path, told: Told) -> None:
    """The second time, what has not changed is skipped, `exit 0` or not; an `always` step runs again."""
    steps = [
        _noting("a", tmp_path),
        Step("b", "exit 0", needs=("a",)),
        _noting("start", tmp_path, needs=("b",), always=True),
        _noting("after", tmp_path, needs=("start",)),
    ]
    carry(steps, host, root=str(tmp_path), tell=told)
    told.clear()
    carry(steps, host, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["a", "start", "after", "start"]
    assert [(event.name, event.status) for event in told] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("start", "running"),
        ("start", "done"),
        ("after", "skipped"),
    ]


def test_a_change_is_carried_on(tmp_path: Path, told: Told) -> None:
    """A step whose file has changed is done again, and so is what needs it; what does not is skipped."""

    def steps(content: str) -> list[Step]:
        conf = Step("conf", "true", files={f"{tmp_path}/conf": content})
        return [conf, _noting("use", tmp_path, needs=("conf",)), _noting("other", tmp_path)]

    carry(steps("old"), HERE, root=str(tmp_path), tell=told)
    carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    assert sorted(_log(tmp_path)) == ["other", "use", "use"]
    assert told.statuses() == {"conf": "done", "use": "done", "other": "skipped"}


def test_steps_that_end_together_are_noted_apart(tmp_path: Path, told: Told) -> None:
    """Each of many that were done at the same time is known as done afterwards: none has another's note, or none."""
    steps = [Step(f"s{number}", "true") for number in range(12)]
    detached.hold(HERE, str(tmp_path), Holder("test"))
    for _ in range(3):
        with ThreadPoolExecutor(12) as threads:
            list(threads.map(lambda step: detached.settle(HERE, str(tmp_path), step), steps))
        carry(steps, HERE, root=str(tmp_path), tell=told)
        assert set(told.statuses().values()) == {"skipped"}


def test_a_change_survives_a_failure(tmp_path: Path, told: Told) -> None:
    """What needs a changed step is done again even if the deployment failed between the two."""

    def steps(content: str) -> list[Step]:
        gate = Step("gate", f"[ ! -e {tmp_path}/shut ]", needs=("conf",))
        conf = Step("conf", "true", files={f"{tmp_path}/conf": content})
        return [conf, gate, _noting("use", tmp_path, needs=("gate", "conf"))]

    carry(steps("old"), HERE, root=str(tmp_path), tell=told)
    (tmp_path / "shut").touch()
    with pytest.raises(StepFailed):
        carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    (tmp_path / "shut").unlink()
    carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["use", "use"]


def test_a_failure_names_step_host_code_and_words(host: Host, tmp_path: Path, told: Told) -> None:
    """A failing step is told of and raised with its name, the host, the code and its last words."""
    with pytest.raises(StepFailed) as caught:
        carry([Step("make", "echo no room >&2; exit 4")], host, root=str(tmp_path), tell=told)
    assert str(caught.value) == (
        f"step make: {host.name}: exit code 4:\n    no room\nMend this and deploy again: what is done stays done."
    )
    assert (told[-1].status, told[-1].error) == ("failed", f"{host.name}: exit code 4:\n    no room")


def test_a_failure_stops_what_needs_it_and_what_has_not_begun(tmp_path: Path, told: Told) -> None:
    """What runs beside a failing step comes to its end; nothing begins any more; the next time goes on from there."""
    shut = tmp_path / "shut"
    shut.touch()
    beside = f"touch {tmp_path}/begun; until [ -e {tmp_path}/failing ]; do sleep 0.05; done; sleep 0.3"
    gate = f"until [ -e {tmp_path}/begun ]; do sleep 0.05; done; touch {tmp_path}/failing; [ ! -e {shut} ]"
    steps = [
        Step("gate", gate, limit=20),
        _noting("needs-it", tmp_path, needs=("gate",)),
        _noting("beside", tmp_path, script=beside),
        _noting("later", tmp_path, needs=("beside",)),
    ]
    with pytest.raises(StepFailed, match=r"^step gate: "):
        carry(steps, HERE, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["beside"]
    assert told.statuses() == {"gate": "failed", "beside": "done"}
    shut.unlink()
    carry(steps, HERE, root=str(tmp_path), tell=told)
    assert told.statuses() == {"gate": "done", "beside": "skipped", "needs-it": "done", "later": "done"}


def test_all_failures_are_named(tmp_path: Path, told: Told) -> None:
    """Where two steps fail side by side, both reasons are given."""
    wait = f"until [ -e {tmp_path}/{{}} ]; do sleep 0.05; done"
    steps = [
        Step("a", f"touch {tmp_path}/a; {wait.format('b')}; exit 3", limit=20),
        Step("b", f"touch {tmp_path}/b; {wait.format('a')}; exit 4", limit=20),
    ]
    with pytest.raises(StepFailed) as caught:
        carry(steps, HERE, root=str(tmp_path), tell=told)
    assert "step a: localhost: exit code 3" in str(caught.value)
    assert "step b: localhost: exit code 4" in str(caught.value)


def test_a_step_that_takes_too_long_fails(host: Host, tmp_path: Path, told: Told) -> None:
    """A step is killed at its limit, and fails with that reason."""
    with pytest.raises(StepFailed, match=r"step slow: .*: not done within 0\.5 s, and killed"):
        carry([Step("slow", "sleep 30", limit=0.5)], host, root=str(tmp_path), tell=told)
    assert told.statuses() == {"slow": "failed"}


def test_a_file_that_cannot_be_put_fails_its_step(tmp_path: Path, told: Told) -> None:
    """What goes wrong before the script begins is the step's failure too."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(StepFailed, match=r"step conf: .*taken"):
        carry([Step("conf", "", files={f"{tmp_path}/taken": ""})], HERE, root=str(tmp_path), tell=told)
    assert told.statuses() == {"conf": "failed"}


def test_an_interruption_kills_what_runs(host: Host, tmp_path: Path) -> None:
    """When the caller is interrupted, the running steps end, and are done again the next time."""

    def interrupt(event: StepEvent) -> None:
        if event.name == "second":
            raise KeyboardInterrupt

    steps = [
        Step("first", f"echo $$ > {tmp_path}/pid; sleep 60; touch {tmp_path}/late"),
        Step("wait", f"until [ -s {tmp_path}/pid ]; do sleep 0.05; done", limit=20),
        Step("second", "true", needs=("wait",)),
    ]
    with pytest.raises(KeyboardInterrupt):
        carry(steps, host, root=str(tmp_path), tell=interrupt)
    assert not (tmp_path / "late").exists()
    assert _soon_gone(int((tmp_path / "pid").read_text()))
    assert detached.done(host, str(tmp_path)) == {"wait": detached.fingerprint(steps[1])}


def test_a_killed_deployment_is_taken_up_where_it_stands(tmp_path: Path, told: Told) -> None:
    """After `kill -9` of the deploying process its step goes on, and the next waits for that one."""
    steps = [
        _noting("a", tmp_path),
        _noting(
            "b",
            tmp_path,
            needs=("a",),
            script=f"echo $$ >> {tmp_path}/pids; until [ -e {tmp_path}/go ]; do sleep 0.1; done",
        ),
    ]
    program = f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
        from carrying import carry
        from rallycross.deployment.local_host import LocalHost
        from rallycross.deployment.step import Step
        carry({steps!r}, LocalHost(), root={str(tmp_path)!r}, tell=lambda event: None)
    """
    deploying = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    pids = tmp_path / "pids"
    try:
        _until(lambda: deploying.poll() is not None or (pids.exists() and pids.read_text()), "b has not begun")
        assert deploying.poll() is None
    finally:
        deploying.kill()
        deploying.wait()
    orphan = int(pids.read_text())
    assert _runs(orphan)

    def go(event: StepEvent) -> None:
        told(event)
        if (event.name, event.status) == ("b", "running"):
            (tmp_path / "go").touch()

    carry(steps, HERE, root=str(tmp_path), tell=go)
    assert pids.read_text().split() == [str(orphan)]
    assert _log(tmp_path) == ["a", "b"]
    assert told.statuses() == {"a": "skipped", "b": "done"}


def test_what_has_ended_unseen_is_not_done_again(host: Host, tmp_path: Path, told: Told) -> None:
    """A step whose deployer died before it could note the end counts as done by the code that the step has left."""
    step = _noting("a", tmp_path)
    holder = Holder("test")
    detached.hold(host, str(tmp_path), holder)
    detached.start(host, str(tmp_path), step)
    _until(lambda: detached.look(host, str(tmp_path), "a", holder=holder).state != "running", "a goes on")
    carry([step], host, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["a"]
    assert told.statuses() == {"a": "done"}


def test_a_step_of_another_content_is_waited_for(tmp_path: Path, told: Told) -> None:
    """What a spec of before has begun comes to its end first; then the step is done as it is wanted now."""
    detached.hold(HERE, str(tmp_path), Holder("test"))
    detached.start(HERE, str(tmp_path), _noting("a", tmp_path, script="sleep 1; echo old"))
    carry([_noting("a", tmp_path, script="echo new")], HERE, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["a", "a"]


def test_a_step_that_was_lost_is_done_again(host: Host, tmp_path: Path, told: Told) -> None:
    """A step that a restart of the host has taken away, leaving no end, is begun anew."""
    step = _noting("a", tmp_path)
    detached.hold(host, str(tmp_path), Holder("test"))
    (tmp_path / "steps" / "a.running").write_text("1 1 x\n")
    carry([step], host, root=str(tmp_path), tell=told)
    assert _log(tmp_path) == ["a"]


def test_a_step_that_is_killed_says_so(host: Host, tmp_path: Path, told: Told) -> None:
    """What ends without leaving its exit code fails with that reason, and with what the disk has left."""
    kill = "kill -9 -- -$(ps -o sid= -p $$ | tr -d ' '); sleep 10"
    with pytest.raises(StepFailed, match=r"step a: .*: ended without leaving its exit code, .*\d+ MB are free on /"):
        carry([Step("a", kill)], host, root=str(tmp_path), tell=told)


def test_a_second_deployment_is_refused_while_one_is_at_work(
    host: Host, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told who is at work, begins nothing, and ends nothing; the first comes to its end."""
    monkeypatch.setattr("rallycross.deployment.runner.LEASE", 0)
    steps = [_noting("a", tmp_path, script=f"touch {tmp_path}/begun; until [ -e {tmp_path}/go ]; do sleep 0.1; done")]
    root = str(tmp_path)
    first = threading.Thread(target=carry, args=(steps, host), kwargs={"root": root, "tell": told, "owner": "first"})
    first.start()
    try:
        _until((tmp_path / "begun").exists, "a has not begun")
        with pytest.raises(Locked, match=r"another deployment of this cloud is at work \(as first\)"):
            carry([Step("b", f"touch {tmp_path}/wrong")], host, root=root, tell=lambda _: None, owner="second")
    finally:
        (tmp_path / "go").touch()
        first.join(60)
    assert not first.is_alive()
    assert told.statuses() == {"a": "done"}
    assert not (tmp_path / "wrong").exists()
    carry([Step("b", "true")], host, root=root, tell=told, owner="second")


def test_a_lock_is_held_until_its_last_holder_gives_it_back(host: Host, tmp_path: Path) -> None:
    """Steps of one deployment that run side by side hold it together; the first to end does not free the others'."""
    root, one, other, strange = str(tmp_path / "root"), Holder("mine"), Holder("mine"), Holder("yours")
    for holder in (one, other, one):
        detached.hold(host, root, holder)
    for given_back in (strange, one):
        detached.release(host, root, given_back)
        with pytest.raises(Locked, match=r"\(as mine\)"):
            detached.hold(host, root, strange)

    detached.release(host, root, other)
    assert not (tmp_path / "root").exists()
    detached.hold(host, root, strange)


def test_a_holder_that_has_died_holds_for_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not renewed lapses by itself, and what one holds beside it goes on."""
    monkeypatch.setattr(detached, "LEASE", 1)
    root, dead, alive, strange = str(tmp_path), Holder("mine"), Holder("mine"), Holder("yours")
    detached.hold(HERE, root, dead)
    monkeypatch.undo()
    detached.hold(HERE, root, alive)
    time.sleep(1.1)
    with pytest.raises(Locked):
        detached.hold(HERE, root, strange)
    detached.release(HERE, root, alive)
    detached.hold(HERE, root, strange)


def test_the_log_is_kept_without_secrets(host: Host, tmp_path: Path, told: Told) -> None:
    """All that a step says is kept in a file of its owner's; no secret shows there, or in a failure."""
    logs = tmp_path / "logs"
    script = "echo before; printf 'pass hu'; sleep 0.3; echo sh-hush; echo after >&2; mysql -p'hush-hush' 2>&1"
    with pytest.raises(StepFailed) as caught:
        carry([Step("a", script)], host, root=str(tmp_path / "root"), tell=told, secrets=("hush-hush",), logs=logs)
    (log,) = logs.iterdir()
    assert log.read_text().startswith("before\npass ***\nafter\n")
    assert log.stat().st_mode & 0o077 == 0
    assert told[-1].log == str(log)
    assert "hush-hush" not in str(caught.value)
    assert "exit code 127 from `mysql -p'***' 2>&1`" in str(caught.value)
    assert "hush-hush" not in "".join(event.error for event in told)


def test_a_failure_can_be_read_by_a_program(host: Host, tmp_path: Path, told: Told) -> None:
    """A failure has step, host, command, code and last lines apart."""
    with pytest.raises(StepFailed) as caught:
        carry([Step("a", "echo here\nls /no/such/folder")], host, root=str(tmp_path), tell=told)
    (failure,) = caught.value.failures
    assert (failure.step, failure.host, failure.code, failure.command) == ("a", host.name, 2, "ls /no/such/folder")
    assert failure.last[0] == "here"


def test_an_old_mark_does_not_kill_a_stranger(tmp_path: Path, told: Told) -> None:
    """A process that has come by the number of a step's group of long ago is left alone."""
    stranger = subprocess.Popen(["sleep", "30"], process_group=0)
    try:
        (tmp_path / "steps").mkdir()
        (tmp_path / "steps" / "a.running").write_text(f"{stranger.pid} 12\n")
        carry([Step("a", "true")], HERE, root=str(tmp_path), tell=told)
        assert stranger.poll() is None
    finally:
        os.killpg(stranger.pid, signal.SIGKILL)
        stranger.wait()


def test_a_kill_does_not_trip_over_processes_that_end(tmp_path: Path) -> None:
    """Processes of others that end while it looks for those of a step are passed over."""
    host, step, holder = LocalHost(), Step("a", "sleep 60"), Holder("test")
    detached.hold(host, str(tmp_path), holder)
    others = subprocess.Popen(["bash", "-c", "while :; do for n in 1 2 3 4 5 6 7 8; do /bin/true & done; wait; done"])
    try:
        for _ in range(5):
            detached.start(host, str(tmp_path), step)
            detached.kill(host, str(tmp_path), ["a"])
            assert detached.look(host, str(tmp_path), "a", holder=holder).state == "lost"
    finally:
        others.kill()
        others.wait()


def test_what_is_told_is_told_in_the_callers_thread(tmp_path: Path) -> None:
    """`tell` need not be safe for threads."""
    threads = set()
    steps = [Step(name, "true") for name in "abc"]
    carry(steps, HERE, root=str(tmp_path), tell=lambda _: threads.add(threading.current_thread()))
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize(
    "steps",
    [[Step("a", ""), Step("a", "")], [Step("a", "", needs=("b",))], [Step("a", "", needs=("a",))]],
    ids=["twice", "unknown", "circle"],
)
def test_a_plan_that_makes_no_sense_is_refused(tmp_path: Path, steps: list[Step]) -> None:
    """Two steps of one name, an unknown need, and a circle are refused before anything is done."""
    with pytest.raises(ValueError, match=r"names|cycle"):
        carry(steps, HERE, root=str(tmp_path), tell=lambda _: None)
    assert list(tmp_path.iterdir()) == []


@st.composite
def _plans(draw: st.DrawFn) -> tuple[list[Step], dict[str, str]]:
    """Draw steps, each needing some of those before it, and what a host may remember of them."""
    steps: list[Step] = []
    for name in "abcdef"[: draw(st.integers(1, 6))]:
        needs = draw(st.lists(st.sampled_from([step.name for step in steps]), unique=True)) if steps else []
        steps.append(Step(name, f"echo {name}", needs=tuple(needs), always=draw(st.booleans())))
    kept = {
        step.name: draw(st.sampled_from([detached.fingerprint(step), "other"])) for step in steps if draw(st.booleans())
    }
    return draw(st.permutations(steps)), kept


@given(_plans())
def test_a_step_is_passed_over_only_when_all_before_it_is_as_it_was(plan: tuple[list[Step], dict[str, str]]) -> None:
    """What is not to be done was done with the same content, and so was all that it needs but the `always` steps."""
    steps, kept = plan
    to_do = undone(steps, kept)
    by_name = {step.name: step for step in steps}
    for step in steps:
        as_it_was = kept.get(step.name) == detached.fingerprint(step) and not step.always
        settled = all(by_name[need].always or need not in to_do for need in step.needs)
        assert (step.name not in to_do) == (as_it_was and settled)
