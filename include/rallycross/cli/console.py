"""Where the command line writes: results to standard output, what goes on to standard error."""

import json
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from io import TextIOWrapper
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from rallycross.deployment.step import StepEvent
from rallycross.printable import printable, printable_json
from rallycross.secret import shown, shown_text

_WIDE = 10_000  # columns of what goes to a file or a pipe: nothing is cut off or folded there


class SafeConsole(Console):
    """A console on which no text can steer the terminal, be taken for markup, or show a secret.

    Colours mean something here, so nothing is coloured by what it looks like.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **how)
        if not self.is_terminal:
            self.width = _WIDE

    def render_str(self, text: str, **how: Any) -> Text:
        """Return a text as rich's, made safe; before it is measured, so that columns fit."""
        return super().render_str(safe(text), **{**how, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the segments; what rich's own objects hold is looked at here."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def safe(text: str) -> str:
    """Return a text as it may be written to a terminal."""
    return printable(shown_text(text))


class _ProgressConsole(SafeConsole):
    """One to standard error: where nothing can be written there, nobody is told, and the work goes on."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def print(self, *objects: Any, **how: Any) -> None:
        """Print, where that can be."""
        with suppress(OSError):
            super().print(*objects, **how)


console = SafeConsole()
progress = _ProgressConsole()


def styled(text: str, style: str) -> Text:
    """Return a text in a style, made safe."""
    return Text(safe(text), style=style)


def write_raw(text: str) -> None:
    """Write what was asked for, such as a cloud's credentials, as it is to standard output: UTF-8 in every locale."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def print_json(data: Any, known: Iterable[str] = ()) -> None:
    """Write data as one JSON document for programs, without secrets, those in `known` too."""
    write_raw(json_text(shown(data, known)))


def json_text(data: Any) -> str:
    """Return data as a JSON document in which no text steers a terminal: what cannot be printed is escaped."""
    return printable_json(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))


def note(text: str, began: float) -> None:
    """Say what goes on, with the seconds since `began` on the monotonic clock; as the `rallycross` script does."""
    progress.print(f"{time.monotonic() - began:6.1f}s  {text}")


def tell_step(event: StepEvent) -> None:
    """Say what a step of a deployment has come to; one that begins is not news yet."""
    if event.status != "running":
        error = f": {event.error}" if event.error else ""
        progress.print(f"{event.seconds:6.1f}s  {event.status:<7} {event.title or event.name}{error}")
