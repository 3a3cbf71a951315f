"""Run all checks: lint, types, import contracts, and all tests.

The core's tests run in a separate environment without Airflow. All parts run, even after one has failed.
"""

import argparse
import os

from rallycross.cli.console import console
from rallycross.cli.parser import whole
from rallycross.cli.suite import outcome
from rallycross.cli.suite.lanes import Result, run_lanes
from rallycross.cli.suite.parts import CORE_WORKERS, parts
from rallycross.views.wording import duration

_MESSAGE = 200  # characters of a failed test's message


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="without tests that need a whole embedded cloud")
    size.add_argument(
        "--full", action="store_true", help="with tests that take many more minutes, such as long deployments"
    )
    parser.add_argument(
        "--durations",
        type=whole(0, 100_000),
        default=10,
        metavar="N",
        help="list the N slowest tests (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=whole(1, 64),
        default=CORE_WORKERS,
        metavar="N",
        help="core tests that run at a time (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Run all parts; return 1 if one failed, or a test was skipped that is not in tests/skips.yaml."""
    results = run_lanes(parts(quick=options.quick, full=options.full, workers=options.workers))
    cases = [case for result in results if result.part.junit for case in outcome.cases(result.part.junit)]
    console.print()
    _show_durations(cases, options.durations)
    skipped = outcome.unexpected_skips(cases)
    for case in skipped:
        console.print(f"{case.name}: skipped: {case.skipped}", style="red")
    if skipped:
        console.print("these tests were skipped unexpectedly: provide what they need, or list them in tests/skips.yaml")
    _show_failures(cases)
    return _show_counts(results, len(skipped))


def _show_failures(cases: list[outcome.Case]) -> None:
    """List the failed tests next to the counts: the lanes' own output is thousands of lines above."""
    for case in outcome.failures(cases):
        first = (case.failed or "no message").splitlines()[0]
        console.print(f"FAILED  {case.name}: {first[:_MESSAGE]}", style="red")


def _show_durations(cases: list[outcome.Case], count: int) -> None:
    for case in outcome.slowest(cases, count):
        note = "  (long)" if case.seconds > outcome.LONG else ""
        console.print(f"{duration(case.seconds):>12}  {case.name}{note}")
    if cases:
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        console.print(f"durations of all tests: .rallycross/test/*.xml; load average of the machine now: {load}\n")


def _show_counts(results: list[Result], unexpected: int) -> int:
    """Print how each part ended, and the totals in the last line; return the exit code."""
    for result in results:
        word, style = ("passed", "green") if result.code == 0 else ("FAILED", "red")
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        console.print(f"{word}  {result.part.name:<32} {duration(result.seconds):>10}  {counts}", style=style)
    passed, failed, skipped = (sum(getattr(one, name) for one in results) for name in ("passed", "failed", "skipped"))
    console.print(f"{passed} passed, {failed + unexpected} failed, {skipped} skipped")
    return 1 if unexpected or any(result.code for result in results) else 0
