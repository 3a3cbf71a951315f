"""Check a task file and show what it would do, without doing it.

FILE is a task file of Rally's format v2 or v1, or `-` for standard input. With --cloud it is also checked against a
cloud: images, flavors, networks, services, quotas, permissions. Exit codes: 0 the file is valid; 2 something is wrong:
every problem is shown with file, line, column and remedy.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rallycross import catalogue, task
from rallycross.cli.console import console, print_json, progress
from rallycross.cli.file_arguments import STDIN, read_argument
from rallycross.cli.named_cloud import named_cloud
from rallycross.cli.parser import add_json
from rallycross.cloud.inventory import facts
from rallycross.errors import Complaint, InvalidInput
from rallycross.load.runners import RUNNERS
from rallycross.results.store import Store
from rallycross.scenario.rehearsal import Calls, rehearse
from rallycross.scenario.scenario import SCENARIOS
from rallycross.secret import shown_text
from rallycross.task.arguments import arguments
from rallycross.task.checks import check_files, kinds
from rallycross.task.plan import Task, Workload
from rallycross.task.sentence import sentence


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--cloud", metavar="NAME", help="also check it against this cloud (default: none)")
    add_json(parser)
    add_task_arguments(parser)


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Add Rally's two options with values for a task file's template."""
    what = "values for the task file's template: YAML, JSON, or key=value,key=value"
    parser.add_argument("--task-args", metavar="TEXT", default="", help=what)
    also = "the same from a file, or `-` for standard input; --task-args takes precedence"
    parser.add_argument("--task-args-file", metavar="FILE", help=also)


def run(options: argparse.Namespace) -> int:
    """Read, check, and print the plan."""
    planned = _checked(options)
    if options.json:
        print_json({**data(planned), "complaints": []}, planned.secrets)
        return 0
    for line in described(planned):
        console.print(shown_text(line, planned.secrets))
    return 0


def _checked(options: argparse.Namespace) -> Task:
    """Return the task; raise `InvalidInput` if anything is wrong with it, or does not fit the cloud."""
    planned = read(options.file, options.task_args, options.task_args_file)
    for warning in planned.warnings:
        progress.print(f"warning: {warning}")
    known = catalogue.known()
    if options.cloud is not None:
        there = facts(named_cloud(options.cloud, Store.open()), kinds(planned, known))
        complaints = task.check(planned, there, known)
    else:
        complaints = check_files(planned, known)
    if complaints:
        raise InvalidInput(complaints)
    return planned


def read(file: str, args: str, args_file: str | None) -> Task:
    """Return the task from a file and its arguments; raise `InvalidInput` with all complaints about both."""
    if file == args_file == STDIN:
        what, remedy = (
            "the task file and its arguments cannot both come from standard input",
            "name a file for one of them",
        )
        raise InvalidInput([Complaint("--task-args-file", 0, 0, "", what, remedy)])
    complaints: list[Complaint] = []
    values: dict[str, Any] = {}
    text, name = "", file
    with _gathered(complaints):
        text, name = read_argument(file)
    if args_file:
        with _gathered(complaints):
            values |= arguments(*read_argument(args_file))
    with _gathered(complaints):
        values |= arguments(args, "--task-args")
    if complaints:
        raise InvalidInput(complaints)
    folder = Path.cwd() if name in {"<stdin>", "<text>"} else None
    return task.load(text, file=name, args=values, known=catalogue.known(), folder=folder)


@contextmanager
def _gathered(complaints: list[Complaint]) -> Iterator[None]:
    """Collect the complaints about one of several inputs."""
    try:
        yield
    except InvalidInput as error:
        complaints += error.complaints


def described(planned: Task) -> list[str]:
    """Return the plan as lines of text."""
    lines = [planned.title, *([f"  {planned.description}"] if planned.description else [])]
    for number, subtask in enumerate(planned.subtasks, start=1):
        parallel = " (its workloads run in parallel)" if subtask.run_in_parallel and len(subtask.workloads) > 1 else ""
        lines.append(f"{number}. {subtask.title}{parallel}")
        for workload in subtask.workloads:
            lines += [f"   {part}" for part in _workload(workload)]
        if not subtask.workloads:
            lines.append("   nothing")
    count = len(planned.workloads)
    return [*lines, f"{count} {'workload' if count == 1 else 'workloads'}"]


def data(planned: Task) -> dict[str, Any]:
    """Return the plan for `--json`."""
    return {
        "title": planned.title,
        "description": planned.description,
        "tags": list(planned.tags),
        "warnings": [str(warning) for warning in planned.warnings],
        "subtasks": [
            {
                "title": subtask.title,
                "description": subtask.description,
                "run_in_parallel": subtask.run_in_parallel,
                "workloads": [_data(workload) for workload in subtask.workloads],
            }
            for subtask in planned.subtasks
        ],
    }


def _data(workload: Workload) -> dict[str, Any]:
    scenario, runner = SCENARIOS[workload.scenario], RUNNERS[workload.runner]
    calls = rehearse(scenario, workload.args, workload.contexts)
    counted = sorted(calls.sent.items()) if calls else ()
    return {
        "scenario": workload.scenario,
        "description": workload.description,
        "runner": workload.runner,
        "iterations": runner.load(workload.runner_args).total,
        "sentence": sentence(workload, runner.describe(workload.runner_args), scenario.signature),
        "calls": None if calls is None else calls.total,
        "calls_by": [{"method": method, "service": service, "calls": count} for (method, service), count in counted],
        "polls": None if calls is None else calls.polls,
    }


def _workload(workload: Workload) -> list[str]:
    scenario = SCENARIOS[workload.scenario]
    runner = RUNNERS[workload.runner]
    load = runner.load(workload.runner_args)
    calls = rehearse(scenario, workload.args, workload.contexts)
    return [
        sentence(workload, runner.describe(workload.runner_args), scenario.signature),
        f"  {_calls(calls, load.total)}",
    ]


def _calls(calls: Calls | None, iterations: int | None) -> str:
    """Return the expected number of requests, without those of contexts and sign-in."""
    if calls is None:
        return "API calls: not known"
    if not calls.sent:
        return "API calls: none"
    kinds_of = ", ".join(f"{count} {method} {service}" for (method, service), count in sorted(calls.sent.items()))
    whole = f"; {calls.total * iterations:,} in all" if iterations is not None else ""
    return f"API calls: {calls.total} per iteration ({kinds_of}){' and polling' if calls.polls else ''}{whole}"
