"""A run's progress: a table on a terminal, plain lines elsewhere."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from rallycross.cli.airflow_run import AirflowRun, RunView, StageView
from rallycross.cli.display import PlainDisplay, TerminalDisplay, display, follow, plain_line, table


def view(state: str = "running", **states: str) -> RunView:
    """Return a run whose stages have these states; details as `deploy="running:what goes on"`."""
    stages = []
    for name, text in states.items():
        word, _, detail = text.partition(":")
        stages.append(StageView(name, word, 12.0, (detail,) if detail else ()))
    return RunView(state, tuple(stages))


def plain(clock: Iterator[float]) -> tuple[PlainDisplay, io.StringIO]:
    """Return a plain display whose clock gives these times, and what it writes to."""
    out = io.StringIO()
    return PlainDisplay(Console(file=out, width=200, highlight=False), clock=lambda: next(clock)), out


def test_says_a_change_once() -> None:
    """A stage is printed again only if it has changed."""
    shown, out = plain(iter([float(second) for second in range(20)]))

    for _ in range(5):
        shown.show(view(deploy="running", verify=""))
    shown.show(view(deploy="success", verify="running"))

    lines = [line.split("s  ", 1)[1] for line in out.getvalue().splitlines()]
    assert lines == ["deploy: running 12.0 s", "deploy: done 12.0 s", "verify: running 12.0 s"]


def test_tells_progress_now_and_then() -> None:
    """Details of a stage are printed at most every ten seconds."""
    shown, out = plain(iter([0.0, 0.0, 0.0, 5.0, 10.5, 10.5]))

    shown.show(view(benchmark="running:1/9"))
    shown.show(view(benchmark="running:2/9"))
    shown.show(view(benchmark="running:3/9"))

    assert out.getvalue() == "   0.0s  benchmark: running 12.0 s  1/9\n  10.5s  benchmark: running 12.0 s  3/9\n"


def test_a_line_says_what_became_of_a_stage() -> None:
    """Airflow's states have plain words; a skipped stage has no time."""
    assert plain_line(StageView("verify", "upstream_failed", None)) == "verify: not run"
    assert plain_line(StageView("destroy", "skipped", 0.1)) == "destroy: skipped"
    assert plain_line(StageView("deploy", "failed", 61.0, ("1/2 steps", "FAILED x"))) == (
        "deploy: failed 1 min 01 s  1/2 steps; FAILED x"
    )


def test_the_table_has_every_stage() -> None:
    """On a terminal every stage has a line with a mark, its time, and its details."""
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=False).print(
        table(view("queued", deploy="success", benchmark="running:7/9", report=""))
    )

    lines = out.getvalue().splitlines()
    assert lines[0].split()[0] == "waiting"
    assert [line.split()[:2] for line in lines[1:]] == [["✓", "deploy"], ["▶", "benchmark"], ["·", "report"]]
    assert "7/9" in lines[2]


def test_the_display_suits_where_it_goes() -> None:
    """A terminal gets the table, a file or a pipe gets lines."""
    assert isinstance(display(Console(file=io.StringIO(), force_terminal=True)), TerminalDisplay)
    assert isinstance(display(Console(file=io.StringIO())), PlainDisplay)


class Scripted(AirflowRun):
    """A run that follows a script of views and interruptions, without a server."""

    def __init__(self, *script: RunView | type[BaseException]) -> None:
        self.script = list(script)
        self.failed = 0

    def look(self, now: float) -> RunView:  # noqa: ARG002 - the script has no clock
        """Return the next view of the script, or raise its exception."""
        step = self.script.pop(0)
        if isinstance(step, RunView):
            return step
        raise step

    def fail(self) -> None:
        """Count the calls."""
        self.failed += 1


def test_the_first_interrupt_stops_the_run_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C, the run is marked failed once, and followed until it ends."""
    monkeypatch.setattr("rallycross.cli.display._EVERY", 0.0)
    run = Scripted(view(deploy="running"), KeyboardInterrupt, view(deploy="failed"), view("failed", deploy="failed"))
    shown, out = plain(iter([0.0] * 20))

    assert follow(run, shown).state == "failed"
    assert run.failed == 1
    assert "stopping the run" in out.getvalue()


def test_the_second_interrupt_leaves() -> None:
    """A second Ctrl-C reaches the caller."""
    run = Scripted(KeyboardInterrupt, KeyboardInterrupt)

    with pytest.raises(KeyboardInterrupt):
        follow(run, plain(iter([0.0] * 20))[0])
