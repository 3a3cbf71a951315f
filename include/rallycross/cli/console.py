"""Output of the command line: results on standard output, progress on standard error."""

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

from rallycross.cli.streams import STDOUT
from rallycross.disk import naming
from rallycross.printable import printable, printable_json
from rallycross.secret import shown, shown_text

_WIDE = 10_000  # columns of output to a file or a pipe, so that nothing is cut off or wrapped


class SafeConsole(Console):
    """A console on which no text can control the terminal, act as markup, or show a secret.

    Colours have a meaning here, so rich's automatic highlighting is off.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **how)
        if not self.is_terminal:
            self.width = _WIDE

    def render_str(self, text: str, **how: Any) -> Text:
        """Return a safe rich text; it is made safe before it is measured, so that columns fit."""
        return super().render_str(safe(text), **{**how, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the segments, made safe; this covers the content of rich's own objects."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def safe(text: str) -> str:
    """Return a text as it may be written to a terminal."""
    return printable(shown_text(text))


class _OutputConsole(SafeConsole):
    """The console on standard output; errors when writing to it name it."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print."""
        with naming(STDOUT):
            super().print(*objects, **how)


class _ProgressConsole(SafeConsole):
    """The console on standard error; errors when writing to it are ignored, and the work goes on."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def print(self, *objects: Any, **how: Any) -> None:
        """Print, unless that fails."""
        with suppress(OSError):
            super().print(*objects, **how)


console = _OutputConsole()
progress = _ProgressConsole()


def styled(text: str, style: str) -> Text:
    """Return a safe text in a style."""
    return Text(safe(text), style=style)


def write_raw(text: str) -> None:
    """Write a text unchanged, such as a cloud's credentials, to standard output, in UTF-8 whatever the locale."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with naming(STDOUT):
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()


def print_json(data: Any, known: Iterable[str] = ()) -> None:
    """Write data as one JSON document for programs; secrets, also those in `known`, are masked."""
    write_raw(json_text(shown(data, known)))


def json_text(data: Any) -> str:
    """Return data as a JSON document; characters that could control a terminal are escaped."""
    return printable_json(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))


def note(text: str, began: float) -> None:
    """Print a line of progress with the seconds since `began` (monotonic clock), as the `rallycross` script does."""
    progress.print(f"{time.monotonic() - began:6.1f}s  {text}")
