"""Steps whose deployer dies, or who die themselves, and the lock that lets one deployment of a cloud at its hosts."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from carrying import carry, logged, noting
from eventual import eventually
from told import Told

from rallycross.deployment import detached
from rallycross.deployment.detached import Holder, Locked
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.host import Host
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.step import Step, StepEvent

HERE = LocalHost()


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


def test_an_interruption_kills_what_runs(host: Host, tmp_path: Path) -> None:
    """When the caller is interrupted, the running steps are killed and reported, and run again the next time."""
    told = []

    def interrupt(event: StepEvent) -> None:
        told.append((event.name, event.status, event.error))
        if event.name == "second":
            raise KeyboardInterrupt

    steps = [
        Step("first", f"echo $$ > {tmp_path}/pid; sleep 60; touch {tmp_path}/late"),
        Step("wait", f"until [ -s {tmp_path}/pid ]; do sleep 0.05; done", limit=20),
        Step("second", "true", needs=("wait",)),
    ]
    with pytest.raises(KeyboardInterrupt):
        carry(steps, host, root=str(tmp_path), tell=interrupt)
    assert told[-1] == ("first", "failed", f"{host.name}: interrupted, and killed there")
    assert not (tmp_path / "late").exists()
    assert _soon_gone(int((tmp_path / "pid").read_text()))
    assert detached.done(host, str(tmp_path)) == {"wait": detached.fingerprint(steps[1])}


def test_a_step_that_several_begin_at_once_fails_for_none(host: Host, tmp_path: Path) -> None:
    """Whoever comes second finds it running or ended: no beginner takes away what another has brought."""
    step = Step("mark", f"echo once >> {tmp_path}/runs")
    failed: list[Exception] = []

    def begin() -> None:
        try:
            detached.start(host, str(tmp_path), step)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    beginners = [threading.Thread(target=begin) for _ in range(6)]
    for one in beginners:
        one.start()
    for one in beginners:
        one.join()

    assert eventually((tmp_path / "runs").exists), "the step did not run"
    assert failed == []
    assert not list(tmp_path.rglob("*.new"))


def test_a_step_that_another_has_settled_is_done_for_all_who_follow_it(host: Host, tmp_path: Path) -> None:
    """It is neither lost nor begun again, though its settler has kept nothing but that it is done."""
    step, root, holder = Step("mark", f"echo once >> {tmp_path}/runs"), str(tmp_path), Holder("us")
    detached.start(host, root, step)
    assert eventually(lambda: detached.look(host, root, "mark", holder=holder).state == "ended"), "the step did not end"
    detached.settle(host, root, step)

    seen = detached.look(host, root, "mark", holder=holder)
    detached.start(host, root, step)

    assert (seen.state, seen.print, seen.code) == ("ended", detached.fingerprint(step), 0)
    assert detached.look(host, root, "mark", holder=holder).state == "ended"
    assert (tmp_path / "runs").read_text() == "once\n"


def test_a_killed_deployment_is_taken_up_where_it_stands(tmp_path: Path, told: Told) -> None:
    """After `kill -9` of the deploying process its step goes on, and the next waits for that one."""
    steps = [
        noting("a", tmp_path),
        noting(
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
        assert eventually(lambda: deploying.poll() is not None or (pids.exists() and pids.read_text())), (
            "b has not begun"
        )
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
    assert logged(tmp_path) == ["a", "b"]
    assert told.statuses() == {"a": "skipped", "b": "done"}


def test_what_has_ended_unseen_is_not_done_again(host: Host, tmp_path: Path, told: Told) -> None:
    """A step whose deployer died before it could note the end counts as done by the code that the step has left."""
    step = noting("a", tmp_path)
    holder = Holder("test")
    detached.hold(host, str(tmp_path), holder)
    detached.start(host, str(tmp_path), step)
    assert eventually(lambda: detached.look(host, str(tmp_path), "a", holder=holder).state != "running"), "a goes on"
    carry([step], host, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["a"]
    assert told.statuses() == {"a": "done"}


def test_a_step_of_another_content_is_waited_for(tmp_path: Path, told: Told) -> None:
    """A running step of an earlier spec ends first; then the step runs with its current content."""
    detached.hold(HERE, str(tmp_path), Holder("test"))
    detached.start(HERE, str(tmp_path), noting("a", tmp_path, script="sleep 1; echo old"))
    carry([noting("a", tmp_path, script="echo new")], HERE, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["a", "a"]


def test_a_step_that_was_lost_is_done_again(host: Host, tmp_path: Path, told: Told) -> None:
    """A step that a restart of the host has taken away, leaving no end, is begun anew."""
    step = noting("a", tmp_path)
    detached.hold(host, str(tmp_path), Holder("test"))
    (tmp_path / "steps" / "a.running").write_text("1 1 x\n")
    carry([step], host, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["a"]


def test_a_step_that_is_killed_says_so(host: Host, tmp_path: Path, told: Told) -> None:
    """A step that ends without an exit code fails with that reason, and with the free space of the disk."""
    kill = "kill -9 -- -$(ps -o sid= -p $$ | tr -d ' '); sleep 10"
    with pytest.raises(StepFailed, match=r"step a: .*: ended without an exit code: .*\d+ MB are free on /"):
        carry([Step("a", kill)], host, root=str(tmp_path), tell=told)


def test_a_second_deployment_is_refused_while_one_is_at_work(
    host: Host, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second deployment is told the owner of the lock, and starts and kills nothing; the first one completes."""
    monkeypatch.setattr("rallycross.deployment.runner.LEASE", 0)
    steps = [noting("a", tmp_path, script=f"touch {tmp_path}/begun; until [ -e {tmp_path}/go ]; do sleep 0.1; done")]
    root = str(tmp_path)
    first = threading.Thread(target=carry, args=(steps, host), kwargs={"root": root, "tell": told, "owner": "first"})
    first.start()
    try:
        assert eventually((tmp_path / "begun").exists), "a has not begun"
        with pytest.raises(Locked, match=r"another deployment of this cloud is running \(as first\)"):
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
    """A lock that is not renewed expires, while another holder of the same owner keeps it."""
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
