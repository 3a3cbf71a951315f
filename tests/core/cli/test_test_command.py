"""`rallycross test` runs every part, counts what they did, and fails when one of them does."""

import argparse
import re
import sys
from pathlib import Path

import pytest

from rallycross.cli.commands import test as command
from rallycross.cli.suite.lanes import run_part
from rallycross.cli.suite.parts import Part, parts

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null")
TESTS = """
import pytest
def test_one(): pass
def test_two(): {two}
@pytest.mark.skip
def test_three(): pass
"""


@pytest.fixture(name="suite")
def _suite(tmp_path: Path) -> Part:
    """Return a suite of one test that passes, one that fails, and one that is skipped."""
    file, junit = tmp_path / "test_suite.py", tmp_path / "told.xml"
    file.write_text(TESTS.format(two="assert False"))
    return Part("suite", ((*PYTEST, f"--junitxml={junit}", str(file)),), junit=junit)


def test_counts_what_pytest_counts(suite: Part) -> None:
    """The figures of a part are those of its tests."""
    result = run_part(suite)

    assert (result.code, result.passed, result.failed, result.skipped) == (1, 1, 1, 1)


def test_a_check_counts_as_one(tmp_path: Path) -> None:
    """A part without pytest is one that passed, or one that failed, whatever its output looks like."""
    passed = run_part(Part("lint", ((sys.executable, "-c", "print('3 failed')"),)))
    failed = run_part(Part("lint", ((sys.executable, "-c", "print('3 passed'); raise SystemExit(3)"),)))

    assert (passed.code, passed.passed, passed.failed) == (0, 1, 0)
    assert (failed.code, failed.passed, failed.failed) == (3, 0, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_part_ends_at_its_first_failure(tmp_path: Path) -> None:
    """What a part's later commands need is made by its earlier ones: they are not run in vain."""
    made = tmp_path / "made"
    code = f"open({str(made)!r}, 'w')"

    result = run_part(Part("x", ((sys.executable, "-c", "raise SystemExit(1)"), (sys.executable, "-c", code))))

    assert (result.code, result.failed, made.exists()) == (1, 1, False)


def test_a_suite_without_tests_has_failed(tmp_path: Path) -> None:
    """A pytest that collects nothing says so by its exit code, and counts as a failure."""
    result = run_part(Part("empty", ((*PYTEST, str(tmp_path)),)))

    assert (result.passed, result.failed) == (0, 1)


def test_a_tool_that_is_missing_is_a_failure() -> None:
    """A command that is not there fails its part, and the others still run."""
    assert run_part(Part("lint", (("/no/such/tool",),))).failed == 1


def test_all_parts_run_and_the_last_line_is_the_sum(
    suite: Part, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed part does not keep the next from running; a skip that is not on the list counts as a failure too."""
    good = Part("good", ((sys.executable, "-c", ""),))
    monkeypatch.setattr(command, "parts", lambda **_: [suite, good])

    code = command.run(argparse.Namespace(quick=True, full=False, durations=0, workers=1))

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines[-1] == "2 passed, 2 failed, 1 skipped"
    assert any(re.match(r"passed +good", line) for line in lines)


def test_quick_leaves_out_only_what_needs_a_cloud() -> None:
    """Every part of the whole but the last is in the quick run too."""
    quick, whole = [part.name for part in parts(quick=True)], [part.name for part in parts(quick=False)]

    assert whole == [*quick, "end to end"]


def test_the_core_is_tested_without_airflow() -> None:
    """The core's part makes an environment of its own, checks that it has no Airflow, and runs the tests in it."""
    (core,) = [part for part in parts(quick=True) if part.name.startswith("core")]

    assert "find_spec('airflow')" in core.commands[-2][-1]
    assert core.commands[-1][0] == core.commands[-2][0]
    assert Path(core.commands[-1][0]).parts[-3:] == ("venv-core", "bin", "python")


def test_only_a_full_run_looks_for_new_examples() -> None:
    """With --full, and only with it, the property-based tests of the core choose their examples at random."""
    chosen = [
        [part.name for part in found if any("new-examples" in command for command in part.commands)]
        for found in (parts(quick=True), parts(quick=False), parts(quick=False, full=True))
    ]
    assert chosen == [[], [], ["core, without Airflow"]]


def test_full_adds_what_takes_many_minutes() -> None:
    """With --full the tests that are marked so run, and without it none of them does."""
    whole, full = parts(quick=False), parts(quick=False, full=True)
    assert [part.name for part in full] == [*(part.name for part in whole), "full"]
    tests = [command[command.index("pytest") :] for part in whole for command in part.commands if "pytest" in command]
    assert all("not full" in command[command.index("-m") + 1] for command in tests)
