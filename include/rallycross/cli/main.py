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
from rallycross.disk import refused
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.file_modes import close_home
from rallycross.settings import settings


def main(arguments: Sequence[str]) -> int:
    """Carry out a command; what a user can act on is said in a sentence, not in a traceback."""
    sys.excepthook = _tell_of_a_fault
    streams.open_closed()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a locale cannot show ends no command
    if not _has_folder():
        progress.print("rallycross: the current folder is gone - change to another")
        return 2
    try:
        code = _carry_out(arguments)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as error:  # of --help, or of options that are none
        raise SystemExit(_with_its_output(int(error.code or 0))) from None
    return _with_its_output(code)


def _with_its_output(code: int) -> int:
    """Return the exit code once all that was printed is written; 2 where that cannot be."""
    why = streams.flush()
    if why is None or code or isinstance(why, BrokenPipeError):  # whoever reads has read enough
        return code
    progress.print(f"rallycross: standard output: {why.strerror}")
    return 2


def _carry_out(arguments: Sequence[str]) -> int:
    whole = Parser(prog="rallycross", add_help=False)
    whole.add_argument("command", choices=COMMANDS)
    name = whole.parse_args(arguments[:1]).command
    module = import_module(f"rallycross.cli.commands.{name}")  # the others are not imported: some are slow to
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
        _tell_programs(options, complaints=[asdict(complaint) for complaint in error.complaints])
        return 2
    except RallycrossError as error:
        progress.print(f"rallycross: {error}")
        _tell_programs(options, error=str(error))
        return 2
    except OSError as error:
        if not (told := refused(error)):
            raise
        progress.print(f"rallycross: {told}")
        _tell_programs(options, error=told)
        return 2


def _has_folder() -> bool:
    """Return whether there is a current folder, for which some libraries ask when they are imported."""
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _tell_programs(options: argparse.Namespace, **told: Any) -> None:
    """Give what went wrong as the document, where one was asked for."""
    if getattr(options, "json", False):
        with suppress(OSError):  # standard output may be what has no room
            print_json(told)


def _tell_of_a_fault(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Write the traceback of what nobody has caught; it may quote a password, or what a stranger wrote."""
    progress.print("".join(traceback.format_exception(kind, error, at)).rstrip())
