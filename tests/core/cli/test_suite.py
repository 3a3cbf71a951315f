"""What `rallycross test` knows of its tests: durations, skips, and lanes that run side by side."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from rallycross.cli.suite.lanes import run_lanes
from rallycross.cli.suite.outcome import EXPECTED_SKIPS, Case, cases, failures, slowest, unexpected_skips
from rallycross.cli.suite.parts import Part, parts
from rallycross.settings import CHECKOUT

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null")
TESTS = """
import time
import pytest
def test_quick(): pass
def test_slow(): time.sleep(0.3)
@pytest.mark.skip(reason="the moon is full")
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.fixture
def broken(): raise OSError("no such thing")
def test_failing(): assert not "the sky has fallen"
def test_unready(broken): pass
"""


@pytest.fixture(name="told", scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Run a small suite, and read what pytest says about it."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "tests").mkdir()
    (folder / "tests/test_small.py").write_text(TESTS)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            "--rootdir",
            folder,
            f"--junitxml={folder}/told.xml",
            "tests",
        ],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    return cases(folder / "told.xml")


def test_tests_are_known_by_file_and_name(told: list[Case]) -> None:
    """Every test is told once, as pytest would name it on its command line."""
    names = ("quick", "slow", "skipped", "expected", "failing", "unready")
    assert {case.name for case in told} == {f"tests/test_small.py::test_{name}" for name in names}


def test_what_failed_is_told_with_its_reason(told: list[Case]) -> None:
    """A test that failed, and one whose fixture did; neither a skip nor a failure that was expected."""
    failing, unready = failures(told)

    assert failing.name == "tests/test_small.py::test_failing"
    assert "the sky has fallen" in (failing.failed or "")
    assert unready.name == "tests/test_small.py::test_unready"
    assert "no such thing" in (unready.failed or "")


def test_the_slowest_come_first(told: list[Case]) -> None:
    """The test that waited is the first of the slowest."""
    assert slowest(told, 1)[0].name.endswith("test_slow")
    assert slowest(told, 1)[0].seconds >= 0.3


def test_a_skip_that_is_not_listed_is_told_with_its_reason(told: list[Case], tmp_path: Path) -> None:
    """A skipped test is unexpected unless a pattern names it; a failure that was expected is no skip."""
    file = tmp_path / "skips.yaml"
    file.write_text("[]")
    (unexpected,) = unexpected_skips(told, file=file)
    file.write_text(yaml.safe_dump([{"test": "tests/test_small.py::*", "covered": "elsewhere"}]))

    assert (unexpected.name, unexpected.skipped) == ("tests/test_small.py::test_skipped", "the moon is full")
    assert unexpected_skips(told, file=file) == []


@pytest.mark.parametrize("user", [0, 1000])
def test_what_takes_root_may_be_skipped_by_others_alone(
    told: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    """An entry that says `unless: root` covers nothing where root runs the tests."""
    file = tmp_path / "skips.yaml"
    file.write_text(yaml.safe_dump([{"test": "*", "unless": "root", "covered": "as root"}]))
    monkeypatch.setattr(os, "geteuid", lambda: user)

    assert len(unexpected_skips(told, file=file)) == (user == 0)


def test_every_expected_skip_is_of_a_file_that_is_there() -> None:
    """An entry of the list names tests that exist, and says where they are covered."""
    for entry in yaml.safe_load(EXPECTED_SKIPS.read_text()):
        assert set(entry) <= {"test", "unless", "covered"}
        assert entry["covered"]
        assert list(CHECKOUT.glob(entry["test"].partition("::")[0])), entry


def test_lanes_run_side_by_side_and_parts_of_one_in_turn(tmp_path: Path) -> None:
    """Two lanes that wait for each other both end; a part begins after the one before it in its lane."""
    meet = (
        "import pathlib, sys, time; own, other = map(pathlib.Path, sys.argv[1:]); own.touch()\n"
        "while not other.exists(): time.sleep(0.01)"
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    after = f"import os, sys; sys.exit(not os.path.exists({two!r}))"

    results = run_lanes(
        [
            Part("a", ((sys.executable, "-c", meet, one, two),), lane="left"),
            Part("b", ((sys.executable, "-c", after),), lane="left"),
            Part("c", ((sys.executable, "-c", meet, two, one),), lane="right"),
        ]
    )

    assert [(result.part.name, result.code) for result in results] == [("a", 0), ("b", 0), ("c", 0)]


def test_parts_count_their_tests_and_checks_as_one(tmp_path: Path) -> None:
    """What was expected to fail has passed, a fixture that failed is a test that failed; a check counts as one."""
    (tmp_path / "test_small.py").write_text(TESTS)
    junit = tmp_path / "told.xml"
    tests = (*PYTEST, "--rootdir", str(tmp_path), f"--junitxml={junit}", str(tmp_path))
    check = (sys.executable, "-c", "import sys; sys.exit(7)")

    results = run_lanes(
        [Part("tests", (tests,), junit=junit), Part("check", (check,)), Part("fine", ((*check[:1], "-V"),))]
    )

    counts = [(one.code, one.passed, one.failed, one.skipped) for one in results]
    assert counts == [(1, 3, 2, 1), (7, 0, 1, 0), (0, 1, 0, 0)]


LEAVING = """
import subprocess, sys, time
child = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
for _ in range(2):
    subprocess.Popen(child, start_new_session=True, env={}, stdout=subprocess.PIPE).stdout.read(1)
"""


@pytest.mark.parametrize(
    "ending", ["", "sys.exit(3)", "import os; os.kill(os.getpid(), 9)"], ids=["ended", "failed", "killed"]
)
def test_what_tests_leave_is_named_and_ended(ending: str) -> None:
    """However they end, and though it was detached: two processes, each by its command; the exit code is not 0."""
    command = [sys.executable, "-c", LEAVING + ending]
    code = f"from rallycross.cli.suite.orphans import main; raise SystemExit(main({command!r}, leaving=0.1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    left = re.findall(r"^left by the tests, and ended: process (\d+): .*time.sleep\(600\)$", done.stdout, re.MULTILINE)
    assert len(left) == 2, done
    assert [pid for pid in left if psutil.pid_exists(int(pid))] == []
    assert done.returncode == {"": 1, "sys.exit(3)": 3}.get(ending, 137)


def test_tests_end_with_the_suite_that_runs_them() -> None:
    """Where `./rallycross test` is killed, they are told to end, and what they have left ends too."""
    words = [sys.executable, "-m", "rallycross.cli.suite.orphans", sys.executable, "-c"]
    code = "import os, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(600)"
    suite = f"import subprocess; subprocess.run({[*words, code]!r})"
    with subprocess.Popen([sys.executable, "-c", suite], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
        _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=60)
    assert alive == []


def test_what_leaves_nothing_ends_as_its_command() -> None:
    """Its exit code is passed on, and nothing is said."""
    words = [sys.executable, "-m", "rallycross.cli.suite.orphans", sys.executable, "-c"]
    assert subprocess.run([*words, "print(5)"], capture_output=True, text=True, check=True).stdout == "5\n"
    assert subprocess.run([*words, "import sys; sys.exit(4)"], check=False).returncode == 4


def test_a_suite_that_was_killed_has_told_nothing(tmp_path: Path) -> None:
    """A file that pytest did not get to write has no tests in it."""
    assert cases(tmp_path / "nothing.xml") == []


def test_every_part_of_pytest_keeps_its_durations() -> None:
    """Each part that runs tests says where pytest writes about them, each to a file of its own."""
    files = [part.junit for part in parts(quick=False, full=True) if any("pytest" in one for one in part.commands)]

    assert None not in files
    assert len(set(files)) == len(files)
