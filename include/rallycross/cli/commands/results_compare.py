"""`results compare`: two runs of tasks, or two sets of runs."""

import argparse

from rallycross.cli.console import console, json_text, styled
from rallycross.cli.grid import Grid
from rallycross.cli.parser import ROWS, add_json, number
from rallycross.cli.result_choice import one_uuid
from rallycross.errors import RallycrossError
from rallycross.judging.run_comparison.compare import RunComparison, compare
from rallycross.judging.run_comparison.figure_comparison import FALSE_DISCOVERIES
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.secret import shown
from rallycross.settings import settings
from rallycross.views.run_comparison import ComparedWorkload, comparison_view

NEWEST = 10  # runs with a tag
_STYLES = {"worse": "red", "better": "green", "doubtful": "yellow", "unknown": "dim", "none seen": ""}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add(
        "sides",
        metavar="RUNS",
        nargs="*",
        help="a side: a UUID, several separated by commas, or tag:NAME for the runs with a tag",
    )
    add("--tag", action="append", default=[], metavar="NAME", help="the same as tag:NAME; such sides come first")
    add(
        "--last",
        type=ROWS,
        default=NEWEST,
        metavar="N",
        help="the newest of the runs with a tag (default: %(default)s)",
    )
    add("--by", choices=("workload", "action"), default="workload", help="also compare each action")
    add_comparison_arguments(parser)
    add("--format", choices=("text", "html", "markdown", "json"), default="text", help="(default: text)")
    add("-o", "--output", metavar="FILE", default="-", help="`-`: standard output (the default)")
    add_json(parser)


def add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for what is compared, and how strictly."""
    parser.add_argument("--even-invalid", action="store_true", help="also compare loads that are INVALID")
    parser.add_argument(
        "--false-discoveries",
        type=number(1e-6, 0.5),
        default=FALSE_DISCOVERIES,
        metavar="SHARE",
        help="of the reported differences, at most this share may be chance (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Compare two sides."""
    store = Store.open()
    first, second = _sides(options, store)
    found = compare(
        first,
        second,
        settings().samples,
        by_action=options.by == "action",
        even_invalid=options.even_invalid,
        false_discoveries=options.false_discoveries,
    )
    form = "json" if options.json else options.format
    if form == "text" and options.output != "-":
        raise RallycrossError("-o: a file needs a format - add --format html, markdown or json")
    if form == "text":
        print_comparison(found)
    else:
        from rallycross.cli.commands.verify_files import write  # noqa: PLC0415 - imports reports

        write(rendered(found, form).encode(), options.output)
    return 0


def rendered(found: RunComparison, form: str) -> str:
    """Return a comparison as `html`, `markdown` or `json`."""
    if form == "json":
        return f"{json_text(shown(found.data()))}\n"
    if form == "markdown":
        from rallycross.report.run_comparison_markdown import markdown  # noqa: PLC0415 - only what is asked for

        return markdown(comparison_view(found))
    from rallycross.report.run_comparison_page import page  # noqa: PLC0415 - imports jinja

    return page(found)


def tagged(store: Store, tag: str, last: int) -> list[TaskRow]:
    """Return the newest runs with a tag that have ended."""
    found = store.tasks.latest(tag=tag, ended=True, limit=last)
    if not found:
        raise RallycrossError(
            f"there is no run with the tag {tag!r} that has ended - ./rallycross results list shows all"
        )
    return [_task(store, row.uuid) for row in found]


def chosen(store: Store, side: str, last: int) -> list[TaskRow]:
    """Return the runs of a side: UUIDs separated by commas, or tag:NAME."""
    if side.startswith("tag:"):
        return tagged(store, side.removeprefix("tag:"), last)
    uuids = [one_uuid(store, part) for part in side.split(",") if part.strip()] or [one_uuid(store, side)]
    return [_task(store, uuid) for uuid in dict.fromkeys(uuids)]


def print_comparison(found: RunComparison) -> None:
    """Print a comparison: what differs around the runs comes first."""
    view = comparison_view(found)
    console.print(f"first    {view.first}")
    console.print(f"second   {view.second}")
    for note in view.notes:
        console.print(styled(f"note: {note}", style="yellow"))
    for workload in view.workloads:
        console.print()
        _print_workload(workload)
    console.print()
    for line in view.alone:
        console.print(line)
    console.print(styled(view.summary, style="bold"))
    console.print(view.method)


def _print_workload(workload: ComparedWorkload) -> None:
    console.print(styled(workload.name, style="bold"))
    for note in workload.notes:
        console.print(styled(f"note: {note}", style="yellow"))
    if workload.refused:
        console.print(styled(f"not compared: {workload.refused}", style="red"))
        return
    table = Grid("action", "figure", ">first", ">second", "difference")
    for row in workload.rows:
        action = f"{'  ' * row.depth}{row.action}" if row.action else "total"
        table.add_row(action, row.figure, row.first, row.second, row.sentence, style=_STYLES[row.outcome])
    console.print(table)


def _sides(options: argparse.Namespace, store: Store) -> list[list[TaskRow]]:
    named = [*(f"tag:{tag}" for tag in options.tag), *options.sides]
    if len(named) != 2:
        raise RallycrossError(
            f"two sides are compared, and {len(named)} are given - name each by a UUID, several UUIDs separated by"
            " commas, or --tag"
        )
    return [chosen(store, side, options.last) for side in named]


def _task(store: Store, uuid: str) -> TaskRow:
    task = store.tasks.get(uuid)
    if task is None:
        raise RallycrossError(f"{uuid} is a verification - compare verifications by ./rallycross verify compare")
    return task
