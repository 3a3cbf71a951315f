"""What is told of a failed command's output, from real scripts that trace and trap as deployers do."""

import subprocess
from pathlib import Path

import pytest
from carrying import carry
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from rallycross.deployment.excerpt import LAST_LINES, excerpt
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.step import Step

TRACING = Path(__file__).with_name("devstack_tree") / "tools" / "tracing.sh"
CAUSE = "tee: /no/such/folder/run: No such file or directory"


def said(script: str, folder: Path) -> str:
    """Return what a script says that traces, and traps its end, as stack.sh does."""
    whole = f"set -o errexit\nsource {TRACING}\n{script}"
    (folder / "stack.sh").write_text(whole)
    command = ["bash", "./stack.sh"]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ran = subprocess.run(command, cwd=folder, text=True, check=False, **both)
    assert ran.returncode
    return ran.stdout


def test_the_cause_is_told_and_not_the_trap(tmp_path: Path) -> None:
    """Of a failing script with a trace, the line with the cause is shown, and no line of its exit trap."""
    text = said("for n in $(seq 40); do local_setting=$n; done\ntee /no/such/folder/run <<< 1", tmp_path)
    assert CAUSE not in "\n".join(text.splitlines()[-18:])
    told = excerpt(text)
    assert CAUSE in told
    assert not [line for line in told if "trap" in line or "worlddump" in line or "kill_spinner" in line]
    assert len(told) <= LAST_LINES


def test_a_message_of_the_scripts_own_is_told(tmp_path: Path) -> None:
    """The error of a DevStack `die` is shown with its call trace, however much is traced after it."""
    told = excerpt(said("die 12 'no room on /opt'", tmp_path))
    assert "[Call Trace]" in told
    assert "[ERROR] ./stack.sh:12 no room on /opt" in told
    assert not [line for line in told if "exit_trap" in line or "worlddump" in line]


def test_a_trace_of_another_shells_is_told_from_words() -> None:
    """Commands as `set -x` writes them by itself leave room for what they have said."""
    text = "reason\n" + "+ true\n" * 5 + "".join(f"+ step {'x' * n}\n" for n in range(40))
    assert "reason" in excerpt(text)


@pytest.mark.parametrize("tries", [2, 3, 10])
def test_of_several_tries_the_last_is_told(tries: int) -> None:
    """The output of a retried command, the same except for numbers, is shown once."""
    once = ["Starting galaxy collection install", "Cloning into '/tmp/tmp{}'", "fatal: unable to access the repository"]
    lines = ["before"]
    for number in range(tries):
        lines += [line.format(number) for line in once]
        lines += [f"try {number} has failed, trying again"] if number < tries - 1 else []
    told = list(excerpt("\n".join(lines)))
    assert told == ["before", lines[-4], *lines[-3:]]


@pytest.mark.parametrize("name", ["node-{}", "10.0.0.{}", "{}"])
def test_hosts_are_not_taken_for_tries(name: str) -> None:
    """Lines that differ in more than numbers are all shown."""
    lines = [f"fatal: [{name.format(number)}]: UNREACHABLE!" for number in range(5)]
    assert list(excerpt("\n".join(lines))) == lines


@given(st.lists(st.text(alphabet="ab+ 1"), max_size=60))
def test_lines_keep_their_order(lines: list[str]) -> None:
    """What is told are lines of what was said, in their order, with the last one among them unless it is a trace."""
    told = list(excerpt("\n".join(lines)))
    left = iter(line.rstrip() for line in "\n".join(lines).splitlines())
    assert all(line in left for line in told)
    assert bool(told) == any(line.strip() for line in lines)


def test_a_command_is_called_by_its_name(tmp_path: Path, told: Told) -> None:
    """A command that shell functions pass on is shown as the script calls it."""
    script = 'as_root() { "$@"; }\nthere() { as_root env A=b "$@"; }\ntrue\nthere env FORCE=yes ./stack.sh\n'
    with pytest.raises(StepFailed) as caught:
        carry([Step("stack", script)], LocalHost(), root=str(tmp_path), tell=told)
    assert caught.value.failures[0].command == "./stack.sh"
