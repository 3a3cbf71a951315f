"""Steps carried out by real processes, on both kinds of host: their order, what is skipped, and how they fail."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from carrying import carry, logged, noting
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from rallycross.deployment import detached
from rallycross.deployment.carry_out import outstanding
from rallycross.deployment.detached import Holder
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.host import Host
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.step import Step

HERE = LocalHost()


def test_steps_run_in_the_order_of_their_needs(host: Host, tmp_path: Path, told: Told) -> None:
    """A step begins when all that it needs is done, and each begin and end is reported."""
    steps = [noting("c", tmp_path, needs=("a", "b")), noting("b", tmp_path, needs=("a",)), noting("a", tmp_path)]
    carry(steps, host, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["a", "b", "c"]
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
    """A second run skips unchanged steps, even those with `exit 0`; an `always` step runs again."""
    steps = [
        noting("a", tmp_path),
        Step("b", "exit 0", needs=("a",)),
        noting("start", tmp_path, needs=("b",), always=True),
        noting("after", tmp_path, needs=("start",)),
    ]
    carry(steps, host, root=str(tmp_path), tell=told)
    told.clear()
    carry(steps, host, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["a", "start", "after", "start"]
    assert [(event.name, event.status) for event in told] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("start", "running"),
        ("start", "done"),
        ("after", "skipped"),
    ]


def test_a_change_is_carried_on(tmp_path: Path, told: Told) -> None:
    """A step whose file has changed runs again, and so do steps that need it; others are skipped."""

    def steps(content: str) -> list[Step]:
        conf = Step("conf", "true", files={f"{tmp_path}/conf": content})
        return [conf, noting("use", tmp_path, needs=("conf",)), noting("other", tmp_path)]

    carry(steps("old"), HERE, root=str(tmp_path), tell=told)
    carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    assert sorted(logged(tmp_path)) == ["other", "use", "use"]
    assert told.statuses() == {"conf": "done", "use": "done", "other": "skipped"}


def test_steps_that_end_together_are_noted_apart(tmp_path: Path, told: Told) -> None:
    """Of many steps that ran at the same time, each has its own mark that it is done."""
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
        return [conf, gate, noting("use", tmp_path, needs=("gate", "conf"))]

    carry(steps("old"), HERE, root=str(tmp_path), tell=told)
    (tmp_path / "shut").touch()
    with pytest.raises(StepFailed):
        carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    (tmp_path / "shut").unlink()
    carry(steps("new"), HERE, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["use", "use"]


def test_a_failure_names_step_host_code_and_words(host: Host, tmp_path: Path, told: Told) -> None:
    """A failing step is reported and raised with its name, the host, the exit code and its last output."""
    with pytest.raises(StepFailed) as caught:
        carry([Step("make", "echo no room >&2; exit 4")], host, root=str(tmp_path), tell=told)
    assert str(caught.value) == (
        f"step make: {host.name}: exit code 4:\n    no room\nFix this and deploy again: steps that are done are kept."
    )
    assert (told[-1].status, told[-1].error) == ("failed", f"{host.name}: exit code 4:\n    no room")


def test_a_failure_stops_what_needs_it_and_what_has_not_begun(tmp_path: Path, told: Told) -> None:
    """Steps that run beside a failing one end, no others begin, and the next run continues from there."""
    shut = tmp_path / "shut"
    shut.touch()
    beside = f"touch {tmp_path}/begun; until [ -e {tmp_path}/failing ]; do sleep 0.05; done; sleep 0.3"
    gate = f"until [ -e {tmp_path}/begun ]; do sleep 0.05; done; touch {tmp_path}/failing; [ ! -e {shut} ]"
    steps = [
        Step("gate", gate, limit=20),
        noting("needs-it", tmp_path, needs=("gate",)),
        noting("beside", tmp_path, script=beside),
        noting("later", tmp_path, needs=("beside",)),
    ]
    with pytest.raises(StepFailed, match=r"^step gate: "):
        carry(steps, HERE, root=str(tmp_path), tell=told)
    assert logged(tmp_path) == ["beside"]
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
    to_do = outstanding(steps, kept)
    by_name = {step.name: step for step in steps}
    for step in steps:
        as_it_was = kept.get(step.name) == detached.fingerprint(step) and not step.always
        settled = all(by_name[need].always or need not in to_do for need in step.needs)
        assert (step.name not in to_do) == (as_it_was and settled)
