"""Where the command line writes: results to standard output, what goes on to standard error."""

import time

from rich.console import Console

from rallycross.deployment.step import StepEvent

_WIDE = 200  # columns of what goes to a file or a pipe: nothing is cut off there


def _console(*, stderr: bool) -> Console:
    """Return a console without markup, since paths may have brackets in them; colours mean something here."""
    made = Console(markup=False, highlight=False, soft_wrap=True, stderr=stderr)
    if not made.is_terminal:
        made.width = _WIDE
    return made


console = _console(stderr=False)
progress = _console(stderr=True)


def note(text: str, began: float) -> None:
    """Say what goes on, with the seconds since `began` on the monotonic clock; as the `rallycross` script does."""
    progress.print(f"{time.monotonic() - began:6.1f}s  {text}")


def tell_step(event: StepEvent) -> None:
    """Say what a step of a deployment has come to; one that begins is not news yet."""
    if event.status != "running":
        error = f": {event.error}" if event.error else ""
        progress.print(f"{event.seconds:6.1f}s  {event.status:<7} {event.title or event.name}{error}")


def duration(seconds: float | None) -> str:
    """Return a time as people read it: 0.25 s, 12 s, 3 min 05 s, 2 h 07 min."""
    if seconds is None:
        return "-"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
