"""Run a task file without Airflow: load, judging, report.

FILE is a task file of Rally's format, or - for standard input. Exit codes: 0 passed; 1 failed or INVALID; 2 it could
not run.
Ctrl-C stops the load: what it measured is judged and reported, and what it created is deleted. A second Ctrl-C exits at
once, and prints the command that cleans up.
"""

import argparse
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from typing import get_args
from uuid import uuid4

from rich.console import Console

from rallycross.cli.airflow.processes import marked
from rallycross.cli.commands.plan import add_task_arguments, read
from rallycross.cli.console import console, progress
from rallycross.cli.display import display, follow
from rallycross.cli.local_run import LocalRun
from rallycross.cli.named_cloud import named_cloud
from rallycross.cli.parser import number
from rallycross.cli.run_outcome import FAILED, PASSED, print_rows, print_verdict
from rallycross.cloud.cloud import NO_CLOUD
from rallycross.disk import said
from rallycross.errors import RallycrossError
from rallycross.judging.verdict import Verdict
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.task.plan import Task, Timing

_MARK = "RALLYCROSS_TASK"  # environment variable of all processes of a task
_LONGEST = 86_400.0  # seconds; the upper bound of --drain
DRAIN = 10.0  # seconds for iterations in flight to end when the load is stopped


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_run_arguments(parser)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of all commands that run a task file."""
    add = parser.add_argument
    add("file", metavar="FILE")
    add_task_arguments(parser)
    add("--cloud", metavar="NAME", help="a cloud of this checkout, or of clouds.yaml; not for tasks without a cloud")
    add("--timing", choices=get_args(Timing), help="how durations are measured (default: from the file, else intended)")
    add("--abort-on-sla-failure", action="store_true", help="stop a load as soon as it cannot meet its SLA any more")
    add(
        "--drain",
        type=number(0, _LONGEST),
        default=DRAIN,
        metavar="S",
        help="seconds for iterations in flight when stopped (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the task, show its progress, and print its outcome."""
    plan = planned(options)
    store = Store.open()
    verdict = run_plan(options, plan, store, str(uuid4()), out=console)
    return PASSED if verdict.passed else FAILED


def planned(options: argparse.Namespace) -> Task:
    """Return the task of the options; its warnings are printed."""
    plan = read(options.file, options.task_args, options.task_args_file)
    for warning in plan.warnings:
        progress.print(f"warning: {warning}")
    return replace(plan, timing=options.timing or plan.timing)


def run_plan(options: argparse.Namespace, plan: Task, store: Store, uuid: str, *, out: Console) -> Verdict:
    """Run a task as `uuid`, show its progress, and print its outcome to `out`; return the verdict."""
    began = time.monotonic()
    cloud = NO_CLOUD if options.cloud is None else named_cloud(options.cloud, store)
    with display(progress) as shown:
        local = LocalRun(
            plan,
            cloud,
            store,
            uuid=uuid,
            paths=settings(),
            drain=options.drain,
            abort_on_sla_failure=options.abort_on_sla_failure,
            tell=shown.say,
        )
        os.environ[_MARK] = uuid
        local.start()
        left = False
        try:
            follow(local, shown)
        except KeyboardInterrupt:
            left = True
        except BaseException:
            local.fail()  # the load must not continue unseen
            raise
    if left:
        store.tasks.end(uuid, status="crashed")
        for process in marked(_MARK, uuid):  # load processes, and programs started by hooks
            with suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)
        console.print("exited; to delete what the task created, run: ./rallycross clean")
        os._exit(130)  # without waiting for threads
    if not local.begun:
        raise local.error or RallycrossError("the run ended without a verdict")
    print_rows(out, store.tasks.get(uuid))
    verdict = local.verdict or Verdict(passed=False, reasons=[], rows=[])  # it could not be judged
    if local.error:  # such as a report that could not be written
        verdict = replace(verdict, passed=False, invalid=False, reasons=[*verdict.reasons, said(local.error)])
    print_verdict(out, passed=verdict.passed, invalid=verdict.invalid, reasons=verdict.reasons)
    out.print(f"\ntask     {uuid}")
    if local.files:
        out.print(f"report   {local.files['html']}")
    out.print(f"time     {time.monotonic() - began:.1f} s")
    return verdict
