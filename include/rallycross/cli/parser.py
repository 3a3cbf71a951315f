"""Parses command lines: numbers with bounds, and error messages that are safe to show."""

import argparse
from collections.abc import Callable
from typing import Any

from rallycross.errors import did_you_mean
from rallycross.printable import printable


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose messages are safe to show; its subparsers are of this class, too."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(one) for one in action.choices]
            remedy = did_you_mean(str(value), known)
            remedy = remedy if remedy.startswith("did") else f"available: {', '.join(known)}"
            raise argparse.ArgumentError(action, f"there is no {value!r} - {remedy}")

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(printable(message or ""), file)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option `--json`, which all listing and showing commands have."""
    parser.add_argument("--json", action="store_true", help="as a JSON document, for programs: see docs/commands.md")


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return an argument type: a whole number within bounds."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text!r}")
        return number

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """Return an argument type: a number within bounds, and so neither NaN nor infinite."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not {text!r}")
        return value

    return read


AT_A_TIME = whole(1, 64)  # tests run at a time
ROWS = whole(1, 1_000_000)  # rows of a list
