"""Show the scenarios that a task file can name: what they do, take and need.

PATTERN is a service (nova), a part of a name (boot), or a name with * for any part (NovaServers.*_volume*). With the
whole name of one scenario its arguments, actions and contexts are shown; with --task, a task file that runs it.
"""

import argparse
from collections.abc import Iterator

from rallycross import catalogue
from rallycross.cli.console import console, print_json, progress, write_raw
from rallycross.cli.grid import Grid
from rallycross.cli.parser import add_json
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.scenario.scenario import SCENARIOS
from rallycross.views.scenarios import ScenarioView, matching


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("pattern", metavar="PATTERN", nargs="?", default="", help="which ones (default: all)")
    parser.add_argument("--task", action="store_true", help="print a task file that runs the scenario PATTERN")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the list, one scenario, or a task file."""
    for broken in catalogue.known().broken:
        progress.print(f"warning: {broken.complaint}")
    if options.pattern in SCENARIOS:
        return _one(ScenarioView(SCENARIOS[options.pattern]), options)
    found = matching(options.pattern, SCENARIOS.all.values())
    if options.task or not found:
        what = f"there is no scenario {options.pattern!r}" if options.pattern else "--task needs the name of a scenario"
        names = [view.name for view in found] or list(SCENARIOS)
        raise RallycrossError(f"{what} - {did_you_mean(options.pattern, names) or './rallycross scenarios lists all'}")
    if options.json:
        print_json({"scenarios": [view.summary() for view in found]})
        return 0
    table = Grid("scenario", "service", "what it does")
    for view in found:
        table.add_row(view.name, view.group, view.title)
    console.print(table)
    progress.print(f"{len(found)} of {len(SCENARIOS.all)} scenarios")
    return 0


def _one(view: ScenarioView, options: argparse.Namespace) -> int:
    if options.task:
        write_raw(view.task_file())
    elif options.json:
        print_json(view.document())
    else:
        console.print(f"{view.name}: {view.title}\n")
        table = Grid("argument", "value", "default")
        for one in view.arguments:
            table.add_row(one.name, one.allowed, one.default or ("required" if one.required else "-"))
        if view.arguments:
            console.print(table)
            console.print("")
        facts = Grid("what", "is", header=False)
        for what, text in _facts(view):
            facts.add_row(what, text)
        console.print(facts)
    return 0


def _facts(view: ScenarioView) -> Iterator[tuple[str, str]]:
    actions = view.actions()
    yield "acts as", view.acts_as
    yield "actions", "not known without a run" if actions is None else ", ".join(actions) or "none"
    if view.needs:
        yield "needs", ", ".join(view.needs)
    if view.contexts:
        yield "contexts it gets", ", ".join(view.contexts)
    if view.requires:
        yield "must be named", "; ".join(view.requires)
    if view.disrupts:
        yield "disrupts", view.disrupts
    yield "code", view.code
    yield "task file", f"./rallycross scenarios {view.name} --task" if view.recipe else "none is shipped"
