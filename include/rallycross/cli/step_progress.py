"""Progress of a deployment: a line for each step as it begins and ends, and a live line about what runs."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.live import Live

from rallycross.cli.console import progress, safe
from rallycross.deployment.step import StepEvent
from rallycross.views.wording import duration

_TAIL = 4096  # bytes at the end of a log that are searched for its last line


class StepProgress:
    """Prints each step as it begins and ends. `usual` has the seconds that steps took before, by name.

    As a context manager it also shows, on a terminal, the running steps with their times and last log lines.
    """

    def __init__(
        self,
        usual: Mapping[str, float],
        *,
        say: Callable[[str], None] = progress.print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usual, self._say, self._clock = usual, say, clock
        self._began = clock()
        self._ended = 0
        self._left = dict(usual)
        self._running: dict[str, tuple[StepEvent, float]] = {}  # with its start time
        self._shown: Live | None = None

    def __enter__(self) -> Self:
        """Show the running steps, on a terminal."""
        if progress.is_terminal:
            self._shown = Live(
                _Now(self),
                console=progress,
                refresh_per_second=2,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._shown.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop showing them."""
        if self._shown:
            self._shown.stop()
            self._shown = None

    def __call__(self, event: StepEvent) -> None:
        """Print how a step ended, or that it begins and where its log is."""
        now, title = self._clock(), event.title or event.name
        if event.status == "running":
            self._running[event.name] = (event, now)
            log = f"  log: {event.log}" if event.log else ""
            self._say(f"{now - self._began:6.1f}s  {'':>7}  {'begins':<7} {title}{log}")
            return
        self._running.pop(event.name, None)
        self._ended += 1 if event.total else 0
        self._left.pop(event.name, None)
        count = f"{self._ended}/{event.total}" if event.total else ""
        error = f": {event.error}" if event.error else ""
        log = f"\n{'':16}log: {event.log}" if event.status == "failed" and event.log else ""
        # The remaining time is known only if all remaining steps were done before.
        known = len(self._left) == event.total - self._ended
        left = f"  about {duration(sum(self._left.values()))} left" if self._left and known else ""
        self._say(
            f"{now - self._began:6.1f}s  {count:>7}  {event.status:<7} {title}"
            f"  {duration(event.seconds) if event.status != 'skipped' else ''}{error}{log}"
            f"{left if event.status == 'done' else ''}".rstrip()
        )

    def now(self) -> str:
        """Return the running steps on one line: titles, times, and last log lines."""
        parts = []
        for event, began in list(self._running.values()):
            said = last_line(Path(event.log)) if event.log else ""
            parts.append(f"{event.title or event.name}, {duration(self._clock() - began)}{f': {said}' if said else ''}")
        return "; ".join(parts)


class _Now:
    """The running steps, read each time they are drawn."""

    def __init__(self, lines: StepProgress) -> None:
        self._lines = lines

    def __rich__(self) -> str:
        return safe(self._lines.now())[: max(20, progress.width - 4)]


def last_line(log: Path) -> str:
    """Return the last non-blank line of a file, complete or not; "" if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def tell_step(event: StepEvent) -> None:
    """Print how a step of a deployment ended; the begin of a step is not printed."""
    if event.status != "running":
        error = f": {event.error}" if event.error else ""
        progress.print(f"{event.seconds:6.1f}s  {event.status:<7} {event.title or event.name}{error}")
