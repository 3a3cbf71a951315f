"""Run everything that is held to be true: lint, types, import contracts, and all tests.

The core's tests run in an environment of their own, without Airflow. Every part runs, also after one has failed.
"""

import argparse
import os

from rallycross.cli.console import console
from rallycross.cli.parser import whole
from rallycross.cli.suite import outcome
from rallycross.cli.suite.lanes import Result, run_lanes
from rallycross.cli.suite.parts import CORE_WORKERS, parts
from rallycross.views.wording import duration

_MESSAGE = 200  # characters of what a failed test says


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="leave out what needs a whole embedded cloud")
    size.add_argument("--full", action="store_true", help="with what takes many minutes more, such as long deployments")
    parser.add_argument(
        "--durations",
        type=whole(0, 100_000),
        default=10,
        metavar="N",
        help="name the N slowest tests (%(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=whole(1, 64),
        default=CORE_WORKERS,
        metavar="N",
        help="how many of the core's tests run at a time (default: %(default)s); 1: one after another",
    )


def run(options: argparse.Namespace) -> int:
    """Run all parts; 1 when one failed, or a test was skipped that is not on the list of expected skips."""
    results = run_lanes(parts(quick=options.quick, full=options.full, workers=options.workers))
    cases = [case for result in results if result.part.junit for case in outcome.cases(result.part.junit)]
    console.print()
    _show_durations(cases, options.durations)
    skipped = outcome.unexpected_skips(cases)
    for case in skipped:
        console.print(f"{case.name}: skipped: {case.skipped}", style="red")
    if skipped:
        console.print(
            "skipped, and not on the list: mend what they lack, or say in tests/skips.yaml where it is covered"
        )
    _show_failures(cases)
    return _show_counts(results, len(skipped))


def _show_failures(cases: list[outcome.Case]) -> None:
    """Name the tests that failed beside the counts: the lanes' own words are thousands of lines above."""
    for case in outcome.failures(cases):
        first = (case.failed or "it says nothing").splitlines()[0]
        console.print(f"FAILED  {case.name}: {first[:_MESSAGE]}", style="red")


def _show_durations(cases: list[outcome.Case], count: int) -> None:
    for case in outcome.slowest(cases, count):
        note = "  (long)" if case.seconds > outcome.LONG else ""
        console.print(f"{duration(case.seconds):>12}  {case.name}{note}")
    if cases:
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        console.print(f"durations of all tests: .rallycross/test/*.xml; load average of the machine now: {load}\n")


def _show_counts(results: list[Result], unexpected: int) -> int:
    """Show how each part ended, then the sum, in the last line; return the exit code."""
    for result in results:
        word, style = ("passed", "green") if result.code == 0 else ("FAILED", "red")
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        console.print(f"{word}  {result.part.name:<32} {duration(result.seconds):>10}  {counts}", style=style)
    passed, failed, skipped = (sum(getattr(one, name) for one in results) for name in ("passed", "failed", "skipped"))
    console.print(f"{passed} passed, {failed + unexpected} failed, {skipped} skipped")
    return 1 if unexpected or any(result.code for result in results) else 0
