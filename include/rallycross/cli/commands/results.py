"""List, show, compare, export, import and delete results.

list                       lists tasks and verifications with their verdicts, the newest last
show UUID                  shows a task's durations by action, SLA and failures, or a verification's tests
compare RUNS RUNS          compares the figures of two runs of tasks, or of two sets of runs (UUIDs separated by
                           commas, or tag:NAME): intervals, and what chance does not explain; --by action
export UUID... --format F -o FILE
                           rally: JSON results for Rally's own tools; csv, parquet: every sample;
                           openmetrics: the figures, for Prometheus; html, junit, json, markdown: the report
changes                    lists the changes in the histories of recipes, with sizes and first runs; see docs/changes.md
changes --acknowledge ID --note TEXT
                           notes that a change is known
import FILE                imports the tasks from a file of Rally's JSON results, as if they had run here
delete UUID...             deletes results, samples and reports; nothing in a cloud is touched; --force: also of a run
                           that is going on, or that may have left something in a cloud
prune --older-than 90d     deletes what is old; --keep-tagged, --keep-last N keep some of it; --samples-only keeps all
                           figures; --dry-run only says what would be deleted

UUID may be abbreviated to its first characters, as long as they are unambiguous.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from rallycross.cli import changes
from rallycross.cli.commands import results_compare
from rallycross.cli.console import console, print_json, progress, write_raw
from rallycross.cli.named_cloud import check_name, check_new_name
from rallycross.cli.parser import ROWS, add_json
from rallycross.cli.result_choice import one_uuid
from rallycross.cli.results_prune import configure_prune
from rallycross.cli.results_tables import history_table, show_task, show_verification
from rallycross.errors import RallycrossError
from rallycross.printable import printable_json
from rallycross.results.figure_damage import mark_damaged_figures
from rallycross.results.models import TaskRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_damage import mark_damage
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.views.history import latest

_STDOUT = Path("-")
_OF_SAMPLES = ("rally", "csv", "parquet")
_OF_TASKS = (*_OF_SAMPLES, "openmetrics")
Report = Literal["html", "junit", "json", "markdown"]
_REPORTS = ("html", "junit", "json", "markdown")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verbs."""
    known = "list|show|compare|export|changes|import|delete|prune"
    verbs = parser.add_subparsers(dest="verb", required=True, metavar=known)
    verb = verbs.add_parser("list")
    verb.add_argument("--cloud", help="only of this cloud")
    verb.add_argument("--tag", help="only tasks with this tag")
    verb.add_argument("--last", type=ROWS, default=20, metavar="N", help="the N newest (default: 20)")
    add_json(verb)
    verb.set_defaults(act=_list)
    verb = verbs.add_parser("show")
    verb.add_argument("uuid", metavar="UUID")
    add_json(verb)
    verb.set_defaults(act=_show)
    verb = verbs.add_parser("compare")
    results_compare.configure(verb)
    verb.set_defaults(act=results_compare.run)
    verb = verbs.add_parser("export")
    verb.add_argument("uuids", metavar="UUID", nargs="+")
    verb.add_argument("--format", choices=(*_OF_TASKS, *_REPORTS), required=True)
    verb.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="`-`: standard output")
    verb.set_defaults(act=_export)
    verb = verbs.add_parser("changes")
    changes.configure(verb)
    verb.set_defaults(act=_changes)
    verb = verbs.add_parser("import")
    verb.add_argument("file", metavar="FILE", type=Path)
    verb.add_argument("--cloud", default="", help="name of the measured cloud (default: from the file)")
    verb.set_defaults(act=_import)
    verb = verbs.add_parser("delete")
    verb.add_argument("uuids", metavar="UUID", nargs="+")
    verb.add_argument("--force", action="store_true", help="even if it runs, or has left something")
    verb.set_defaults(act=_delete)
    configure_prune(verbs.add_parser("prune"))


def run(options: argparse.Namespace) -> int:
    """Run the verb."""
    return int(options.act(options))


def _list(options: argparse.Namespace) -> int:
    store = Store.open()
    check_name(options.cloud, store)
    newest = latest(store, cloud=options.cloud, tag=options.tag, last=options.last)
    if options.json:
        print_json({"results": [asdict(one) for one in newest]})
        return 0
    console.print(history_table(newest) if newest else "there are no results, or none that match")
    return 0


def _show(options: argparse.Namespace) -> int:
    store = Store.open()
    uuid = one_uuid(store, options.uuid)
    damaged: list[str] = []
    if (task := store.tasks.get(uuid)) is not None:
        damaged = mark_damage(task, settings().samples) + mark_damaged_figures(task)
        parts = show_task(store, task, settings().samples)
    else:
        parts = show_verification(store, uuid)
    if options.json:
        _print_document(store, uuid)
        return 1 if damaged else 0
    for part in parts:
        console.print(part)
    return 1 if damaged else 0


def _print_document(store: Store, uuid: str) -> None:
    """Print the report as JSON, as `export --format json` writes it."""
    from rallycross.report.files import rendered  # noqa: PLC0415 - imports pandas

    named = {"task": uuid, "verification": None} if store.tasks.get(uuid) else {"task": None, "verification": uuid}
    write_raw(printable_json(rendered(store, "json", samples=settings().samples, **named).decode()))


def _export(options: argparse.Namespace) -> int:
    store = Store.open()
    uuids = list(dict.fromkeys(one_uuid(store, uuid) for uuid in options.uuids))
    with TemporaryDirectory(prefix="rallycross-") as folder:
        output = Path(folder) / "export" if options.output == _STDOUT else options.output
        write = _export_tasks if options.format in _OF_TASKS else _export_report
        damaged = write(store, uuids, options.format, output)
        if options.output == _STDOUT:
            sys.stdout.buffer.write(output.read_bytes())
            sys.stdout.flush()
        else:
            console.print(f"wrote {options.output}")
    for detail in damaged:
        progress.print(f"rallycross: {options.output}: incomplete: {detail}", style="red")
    return 1 if damaged else 0


def _export_tasks(store: Store, uuids: list[str], form: str, output: Path) -> list[str]:
    """Export tasks; return what is damaged in their samples."""
    from rallycross.exchange import files, flat_rows, openmetrics  # noqa: PLC0415 - imports Arrow's writers

    tasks: list[TaskRow] = []
    for uuid in uuids:
        task = store.tasks.get(uuid)
        if task is None:
            raise RallycrossError(f"{uuid} is a verification, and {form} is only for tasks - use {', '.join(_REPORTS)}")
        tasks.append(task)
    samples = settings().samples
    if form in _OF_SAMPLES:
        _check_pruned(tasks, samples, form)
    damaged = [detail for task in tasks for detail in mark_damage(task, samples)]
    if form == "openmetrics":
        damaged += [detail for task in tasks for detail in mark_damaged_figures(task)]
    if form == "rally":
        files.export_rally(tasks, output, samples=samples)
    elif form == "openmetrics":
        files.whole(output, lambda part: part.write_text(openmetrics.openmetrics(tasks), encoding="utf-8"))
    else:
        write = flat_rows.write_csv if form == "csv" else flat_rows.write_parquet
        files.whole(output, lambda part: write(tasks, part, samples=samples))
    return damaged


def _check_pruned(tasks: list[TaskRow], samples: Path, form: str) -> None:
    """Raise an error for a task whose samples were deleted: the file would be without them."""
    for task in tasks:
        if when := next(filter(None, (pruned_at(samples / one.uuid) for one in task.workloads)), ""):
            others = ", ".join(one for one in (*_OF_TASKS, *_REPORTS) if one not in _OF_SAMPLES)
            raise RallycrossError(
                f"task {task.uuid}: its samples were pruned at {when}, and {form} needs them - its figures can be"
                f" exported: {others}"
            )


def _export_report(store: Store, uuids: list[str], form: Report, output: Path) -> list[str]:
    """Export a report; return what is damaged in the samples and figures."""
    from rallycross.exchange.files import whole  # noqa: PLC0415 - imports Arrow's writers
    from rallycross.report.files import rendered  # noqa: PLC0415 - imports pandas

    tasks = [uuid for uuid in uuids if store.tasks.get(uuid) is not None]
    verifications = [uuid for uuid in uuids if uuid not in tasks]
    if len(tasks) > 1 or len(verifications) > 1:
        raise RallycrossError(
            f"a report ({form}) has at most one task and one verification - export the others to other files"
        )
    text = rendered(
        store,
        form,
        task=next(iter(tasks), None),
        verification=next(iter(verifications), None),
        samples=settings().samples,
    )

    def write(part: Path) -> None:
        part.write_bytes(text)

    whole(output, write)
    task = store.tasks.get(tasks[0]) if tasks else None
    return mark_damage(task, settings().samples) + mark_damaged_figures(task) if task else []


def _changes(options: argparse.Namespace) -> int:
    store = Store.open()
    check_name(options.cloud, store)
    return changes.run(options, store, None if options.judge is None else one_uuid(store, options.judge))


def _import(options: argparse.Namespace) -> int:
    from rallycross.exchange.files import import_rally  # noqa: PLC0415 - imports Arrow's writers

    if options.cloud:
        check_new_name(options.cloud)
    if not options.file.exists():
        raise RallycrossError(f"{options.file}: no such file - name a file of Rally's results")
    store = Store.open()
    for uuid in import_rally(store, options.file, samples=settings().samples, cloud=options.cloud):
        console.print(f"task {uuid} is imported: ./rallycross results show {uuid[:8]}")
    return 0


def _delete(options: argparse.Namespace) -> int:
    from rallycross.retention import delete, may_have_left_something  # noqa: PLC0415 - it imports openstacksdk

    store = Store.open()
    uuids = list(dict.fromkeys(one_uuid(store, uuid) for uuid in options.uuids))
    for uuid in uuids if not options.force else ():
        row = store.tasks.get(uuid) or store.verifications.get(uuid)
        if row is not None and row.status == "running":
            raise RallycrossError(
                f"{uuid} is running, or its process was killed - stop the run, or use --force if its process is gone"
            )
        if may_have_left_something(store, uuid):
            raise RallycrossError(
                f"{uuid} may have left something in a cloud, which is not found by the ledger without it"
                f" - run ./rallycross clean --task {uuid} first, or use --force"
            )
    for uuid in uuids:
        delete(store, settings(), uuid)
        console.print(f"{uuid} is deleted")
    return 0
