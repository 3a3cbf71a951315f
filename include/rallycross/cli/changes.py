"""The verb `results changes`: lists changes in the histories of recipes, judges a run's history, acknowledges."""

import argparse
import getpass

from rallycross.cli.console import console, print_json
from rallycross.cli.grid import Grid
from rallycross.cli.parser import ROWS, add_json, whole
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.views.changes import ChangeEntry, change_entries, change_entry, judgement_sentences
from rallycross.views.wording import moment


def configure(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    verb.add_argument("--cloud", help="only on this cloud")
    verb.add_argument("--recipe", help="only of this recipe, or of tasks with this title")
    verb.add_argument("--new", action="store_true", help="only those that nobody has acknowledged")
    verb.add_argument("--last", type=ROWS, default=20, metavar="N", help="the N newest (default: 20)")
    verb.add_argument("--judge", metavar="UUID", help="judge the history of this task's recipe up to this task first")
    verb.add_argument("--acknowledge", metavar="ID", type=whole(1, 2**31 - 1), help="note that a change is known")
    verb.add_argument("--note", default="", metavar="TEXT", help="with --acknowledge: what is known of it")
    add_json(verb)


def run(options: argparse.Namespace, store: Store, task: str | None) -> int:
    """List the changes, or acknowledge one; `task` is the uuid of the task to judge first."""
    if options.note and options.acknowledge is None:
        raise RallycrossError("--note says something of a change - add --acknowledge ID")
    if options.acknowledge is not None:
        return _acknowledge(options, store)
    sentences = _judge(store, task) if task else []
    found = change_entries(store, cloud=options.cloud, recipe=options.recipe)
    found = [one for one in found if one.state == "new" or not options.new][-options.last :]
    if options.json:
        print_json({"changes": [one.as_document() for one in found], "judged": sentences})
        return 0
    for sentence in sentences:
        console.print(sentence)
    console.print(_table(found) if found else "there are no changes, or none that match")
    return 0


def _judge(store: Store, task: str) -> list[str]:
    from rallycross.judging.changes.after_run import judge_history  # noqa: PLC0415 - imports numpy

    return judgement_sentences(judge_history(store, task))


def _acknowledge(options: argparse.Namespace, store: Store) -> int:
    if store.changes.get(options.acknowledge) is None:
        raise RallycrossError(f"there is no change {options.acknowledge} - ./rallycross results changes shows all")
    store.changes.acknowledge(options.acknowledge, by=_user(), note=options.note)
    row = store.changes.get(options.acknowledge)
    assert row is not None  # nothing deletes changes
    if options.json:
        print_json({"changes": [change_entry(row).as_document()]})
        return 0
    console.print(f"change {row.id} is acknowledged: {change_entry(row).sentence}")
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def _table(changes: list[ChangeEntry]) -> Grid:
    table = Grid(">id", "cloud", "recipe", "began", "found", "state", "change")
    for one in changes:
        state = one.state if not one.acknowledged_by else f"{one.state} by {one.acknowledged_by}"
        state += f": {one.note}" if one.note else ""
        table.add_row(
            str(one.id),
            one.cloud,
            one.recipe,
            moment(one.began_at),
            moment(one.found_at),
            state,
            one.sentence,
            style="" if one.state == "acknowledged" else "red" if one.worse else "green",
        )
    return table
