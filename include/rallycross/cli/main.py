"""The `rallycross` command: each command is a module of `commands`.

Exit codes: 0 = passed or done, 1 = the benchmark or the verification failed, 2 = it could not run.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any

from rallycross.cli import streams
from rallycross.cli.commands import COMMANDS
from rallycross.cli.console import print_json, progress
from rallycross.cli.parser import Parser
from rallycross.disk import refused, said
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.file_modes import close_home
from rallycross.settings import settings


def main(arguments: Sequence[str]) -> int:
    """Run a command; errors that a user can act on are printed as messages, not as tracebacks."""
    sys.excepthook = _print_uncaught
    streams.open_closed()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # characters that the locale lacks are escaped
    if not _has_folder():
        progress.print("rallycross: the current folder is gone - change to another")
        return 2
    try:
        code = _carry_out(arguments)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as error:  # from --help, or invalid options
        raise SystemExit(_after_flush(int(error.code or 0))) from None
    return _after_flush(code)


def _after_flush(code: int) -> int:
    """Flush the output; return the exit code, or 2 if the output could not be written."""
    why = streams.flush()
    if why is None or code or isinstance(why, BrokenPipeError):  # the reader closed the pipe
        return code
    progress.print(f"rallycross: {said(why)}")
    return 2


def _carry_out(arguments: Sequence[str]) -> int:
    whole = Parser(prog="rallycross", add_help=False)
    whole.add_argument("command", choices=COMMANDS)
    name = whole.parse_args(arguments[:1]).command
    module = import_module(f"rallycross.cli.commands.{name}")  # only this one, since some are slow to import
    parser = Parser(
        prog=f"rallycross {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    options = parser.parse_args(arguments[1:])
    try:
        close_home(settings().home)
        return int(module.run(options))
    except InvalidInput as error:
        count = len(error.complaints)
        progress.print(f"rallycross: {count} {'thing is' if count == 1 else 'things are'} wrong:")
        for complaint in error.complaints:
            progress.print(f"  {complaint}")
        _print_error_document(options, complaints=[asdict(complaint) for complaint in error.complaints])
        return 2
    except RallycrossError as error:
        progress.print(f"rallycross: {error}")
        _print_error_document(options, error=str(error))
        return 2
    except OSError as error:
        if not (message := refused(error)):
            raise
        progress.print(f"rallycross: {message}")
        _print_error_document(options, error=message)
        return 2


def _has_folder() -> bool:
    """Return whether the current folder exists; some libraries need it when they are imported."""
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _print_error_document(options: argparse.Namespace, **document: Any) -> None:
    """With `--json`, print the error as a JSON document."""
    if getattr(options, "json", False):
        with suppress(OSError):  # standard output may be on a full disk
            print_json(document)


def _print_uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Print the traceback of an uncaught error, made safe: it may quote a password or a foreign text."""
    progress.print("".join(traceback.format_exception(kind, error, at)).rstrip())
