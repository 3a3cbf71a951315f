"""Shows the progress of a run: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from rallycross.cli.airflow.api import AirflowDidNotAnswer
from rallycross.cli.airflow_run import ENDED, RunView, StageView
from rallycross.settings import settings
from rallycross.views.wording import duration

MARKS = {
    "success": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "upstream_failed": ("✗", "red"),
    "skipped": ("-", "dim"),
    "running": ("▶", "cyan"),
}
_EVERY = 1.0  # seconds between two updates; rarely, since the load may run on this machine
_PLAIN_EVERY = 10.0  # seconds between two plain lines about one stage


class TerminalDisplay:
    """A table that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, view: RunView) -> None:
        """Draw the run."""
        self._live.update(table(view), refresh=True)

    def say(self, text: str) -> None:
        """Print a line above the table."""
        self._live.console.print(text)


class PlainDisplay:
    """A line for each change of a stage's state, and now and then one about its progress."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._began = clock()
        self._shown: dict[str, tuple[str, tuple[str, ...], float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def show(self, view: RunView) -> None:
        """Print what has changed."""
        now = self._clock()
        for stage in view.stages:
            state, details, at = self._shown.get(stage.name, ("", (), -_PLAIN_EVERY))
            changed = stage.state != state and (stage.state in ENDED or stage.state == "running")
            due = stage.state == "running" and stage.details != details and now - at >= _PLAIN_EVERY
            if changed or due:
                self._shown[stage.name] = (stage.state, stage.details, now)
                self.say(plain_line(stage))

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        self._console.print(f"{self._clock() - self._began:6.1f}s  {text}")


Display = TerminalDisplay | PlainDisplay


def display(console: Console) -> Display:
    """Return the display that suits the output; without colours it is plain lines, which screen readers can read."""
    drawn = console.is_terminal and not console.is_dumb_terminal and not console.no_color
    return TerminalDisplay(console) if drawn else PlainDisplay(console)


class Followable(Protocol):
    """A run whose state can be read, and which can be stopped."""

    def look(self, now: float) -> RunView:
        """Return its state at `now` (seconds since the epoch)."""

    def fail(self) -> None:
        """Stop it; what it measured so far is judged and reported."""


def follow(run: Followable, shown: Display) -> RunView:
    """Show a run until it ends. The first Ctrl-C stops the run, and still shows how it ends; a second one returns."""
    stopping = False
    missed: float | None = None
    while True:
        try:
            try:
                view = run.look(time.time())
                missed = None
                shown.show(view)
                if view.ended:
                    return view
            except AirflowDidNotAnswer:
                missed = missed or time.monotonic()
                if time.monotonic() - missed > settings().airflow_patience:
                    raise
            time.sleep(_EVERY)
        except KeyboardInterrupt:
            if stopping:
                raise
            stopping = True
            shown.say("stopping the run: what it measured is judged and reported; Ctrl-C again stops following it")
            run.fail()


def table(view: RunView) -> Table:
    """Return the stages as a table: mark, name, time, details."""
    grid = Table.grid(padding=(0, 2))
    for _ in ("mark", "name", "time", "details"):
        grid.add_column(overflow="fold")
    if view.state == "queued":
        grid.add_row("", "waiting", "", "until another run of this DAG ends, or the scheduler is free")
    for stage in view.stages:
        mark, style = MARKS.get(stage.state, ("·", "dim"))
        grid.add_row(
            mark, stage.name, duration(stage.seconds), "\n".join(stage.details), style=style if mark != "▶" else ""
        )
    return grid


def plain_line(stage: StageView) -> str:
    """Return a stage in one line."""
    words = {"success": "done", "upstream_failed": "not run", "": "waiting"}
    state = words.get(stage.state, stage.state)
    time_taken = f" {duration(stage.seconds)}" if stage.seconds is not None and stage.state != "skipped" else ""
    last = stage.details[-1:] if stage.name == "benchmark" else stage.details
    return f"{stage.name}: {state}{time_taken}" + (f"  {'; '.join(last)}" if last else "")
