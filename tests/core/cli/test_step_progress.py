"""Lines of a deployment's progress: steps, times, and remaining time."""

from pathlib import Path

from rallycross.cli.step_progress import StepProgress
from rallycross.deployment.step import StepEvent


def test_a_line_a_step_with_the_time_that_is_left() -> None:
    """Each step has a line when it begins and when it ends; the remaining time comes from earlier runs."""
    said: list[str] = []
    now = iter([0.0, 0.0, 5.0, 6.0, 9.0])
    lines = StepProgress({"a": 5.0, "b": 60.0, "x": 0.1}, say=said.append, clock=lambda: next(now))
    lines(StepEvent("a", "First", "running", 0.0, total=3, log="/l/a.log"))
    lines(StepEvent("a", "First", "done", 0.0, 5.0, total=3))
    lines(StepEvent("x", "Other", "skipped", 0.0, total=3))
    lines(StepEvent("b", "Second", "failed", 0.0, 4.0, "node-1: exit code 1", total=3, log="/l/b.log"))
    assert [line.split("log:")[-1].strip() if "log:" in line else line for line in said] == [
        "/l/a.log",
        "   5.0s      1/3  done    First  5.00 s  about 1 min 00 s left",
        "   6.0s      2/3  skipped Other",
        "/l/b.log",
    ]
    assert "3/3  failed  Second  4.00 s: node-1: exit code 1" in said[3]


def test_no_time_is_said_to_be_left_that_nobody_knows() -> None:
    """No remaining time is shown while a step is left that was never run before."""
    said: list[str] = []
    lines = StepProgress({"a": 5.0, "c": 1.3}, say=said.append)
    lines(StepEvent("a", "First", "done", 0.0, 5.0, total=3))
    assert "left" not in said[0]


def test_what_runs_is_told_with_its_last_line(tmp_path: Path) -> None:
    """One line has the title, the time, and the last non-blank line of the log."""
    log = tmp_path / "a.log"
    log.write_text("first\n\x1b[0mInstalling keystone\n\n")
    now = iter([0.0, 1.0, 18 * 60 + 1.0])
    lines = StepProgress({}, say=lambda _: None, clock=lambda: next(now))
    lines(StepEvent("a", "stack.sh on node-1", "running", 0.0, total=1, log=str(log)))
    assert lines.now().replace("\x1b[0m", "") == "stack.sh on node-1, 18 min 00 s: Installing keystone"
