"""A deployment's lines: how far it is, what it took, what is left."""

from rallycross.cli.steps import StepLines
from rallycross.deployment.step import StepEvent


def test_a_line_a_step_with_the_time_that_is_left() -> None:
    """Each step that ends is a line; what earlier runs took of those to come is what is left; a failure has its log."""
    said: list[str] = []
    now = iter([0.0, 5.0, 6.0, 9.0])
    lines = StepLines({"a": 5.0, "b": 60.0}, say=said.append, clock=lambda: next(now))
    lines(StepEvent("a", "First", "running", 0.0, total=3))
    lines(StepEvent("a", "First", "done", 0.0, 5.0, total=3))
    lines(StepEvent("x", "Other", "skipped", 0.0, total=3))
    lines(StepEvent("b", "Second", "failed", 0.0, 4.0, "node-1: exit code 1", total=3, log="/l/b.log"))
    assert [line.split("log:")[-1].strip() if "log:" in line else line for line in said] == [
        "   5.0s      1/3  done    First  5.0 s  about 1 min 00 s left",
        "   6.0s      2/3  skipped Other",
        "/l/b.log",
    ]
    assert "3/3  failed  Second  4.0 s: node-1: exit code 1" in said[2]
