"""Run a task file, and compare it with a baseline: a gate for CI.

FILE is run as by ./rallycross run. The baseline is `last-good` (the newest passed run of a task with the same title on
the same cloud), a UUID, several UUIDs separated by commas, or a tag: the newest runs with it. Exit codes: 0 passed; 1
the run failed its SLA, or is worse than the baseline by more than the tolerance; 2 it could not be judged: the load is
INVALID, there is no baseline, or it cannot be compared.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from uuid import uuid4

from rallycross.cli.commands.results_compare import add_comparison_arguments, chosen, print_comparison, tagged
from rallycross.cli.commands.run import add_run_arguments, planned, run_plan
from rallycross.cli.commands.verify_files import write
from rallycross.cli.console import console, print_json, progress
from rallycross.cli.parser import ROWS, add_json, number
from rallycross.cloud.cloud import NO_CLOUD
from rallycross.errors import RallycrossError
from rallycross.judging.run_comparison.compare import RunComparison, compare
from rallycross.judging.run_comparison.gate import TOLERANCE, GateVerdict, gate_verdict
from rallycross.report.gate_junit import gate_junit
from rallycross.report.run import gather
from rallycross.report.run_comparison_markdown import gate_markdown
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.views.history import verdict_word

LAST_GOOD = "last-good"
_AT_ONCE = 50  # runs that are looked through at a time


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_run_arguments(parser)
    add = parser.add_argument
    add("--baseline", required=True, metavar="RUN", help="last-good, UUIDs separated by commas, or a tag")
    add("--last", type=ROWS, metavar="N", help="newest runs of the baseline (default: 1 of last-good, 10 of a tag)")
    add(
        "--tolerance",
        type=number(0, 1000),
        default=100 * TOLERANCE,
        metavar="PERCENT",
        help="how much worse a duration or the throughput may be (default: %(default)g)",
    )
    add("--first-passes", action="store_true", help="without a baseline, only the SLA decides (for the first run)")
    add_comparison_arguments(parser)
    add("--junit", metavar="FILE", help="also write JUnit XML")
    add("--markdown", metavar="FILE", help="also write Markdown, fit for a comment on a pull request")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Find the baseline, run, compare, and say whether the change may pass."""
    plan, store, uuid = planned(options), Store.open(), str(uuid4())
    cloud = NO_CLOUD.name if options.cloud is None else options.cloud
    baseline = _baseline(options, store, title=plan.title, cloud=cloud)
    verdict = run_plan(options, plan, store, uuid, out=progress if options.json else console)
    found, not_compared = _compared(options, store, baseline, uuid)
    tolerance = options.tolerance / 100
    gate = gate_verdict(verdict, found, not_compared=not_compared, tolerance=tolerance)
    if options.junit:
        of_run = gather(store, deployment=None, verification=None, task=uuid, samples=settings().samples)
        write(gate_junit(of_run, found, gate, tolerance=tolerance), options.junit)
    if options.markdown:
        write(gate_markdown(gate, found).encode(), options.markdown)
    if options.json:
        print_json({**asdict(gate), "run": uuid, "comparison": found.data() if found else None})
    else:
        _print(gate, found)
    return gate.exit_code


def _baseline(options: argparse.Namespace, store: Store, *, title: str, cloud: str) -> list[TaskRow]:
    """Return the runs to compare with, before the run: none if there is no good one yet."""
    if options.baseline == LAST_GOOD:
        return _good(store, title, cloud, options.last or 1)
    if store.tasks.latest(tag=options.baseline, ended=True, limit=1):
        return tagged(store, options.baseline, options.last or 10)
    return chosen(store, options.baseline, options.last or 10)


def _good(store: Store, title: str, cloud: str, count: int) -> list[TaskRow]:
    """Return the newest passed runs of a title on a cloud."""
    good: list[str] = []
    before: float | None = None
    while len(good) < count:
        rows = store.tasks.latest(title=title, cloud=cloud, ended=True, before=before, limit=_AT_ONCE)
        good += [row.uuid for row in rows if verdict_word(row) == "passed"]
        if len(rows) < _AT_ONCE:
            break
        before = rows[-1].started_at
    return [row for uuid in good[:count] if (row := store.tasks.get(uuid))]


def _compared(
    options: argparse.Namespace, store: Store, baseline: Sequence[TaskRow], uuid: str
) -> tuple[RunComparison | None, str]:
    """Return the comparison with the run; else why there is none, which is "" if none is needed."""
    row = store.tasks.get(uuid)
    if not baseline or row is None:
        missing = (
            "there is no baseline: no run of this title on this cloud has passed - run it again to compare with this"
        )
        return None, "" if options.first_passes else missing
    try:
        return compare(
            baseline,
            [row],
            settings().samples,
            by_action=True,
            even_invalid=options.even_invalid,
            false_discoveries=options.false_discoveries,
        ), ""
    except RallycrossError as error:
        return None, str(error)


def _print(gate: GateVerdict, found: RunComparison | None) -> None:
    console.print()
    if found:
        print_comparison(found)
        console.print()
    console.print(f"gate     {gate.word}")
    for reason in gate.reasons:
        console.print(f"  {reason}")
