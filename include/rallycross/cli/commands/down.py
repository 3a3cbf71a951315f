"""Stop Airflow and the clouds of this checkout; no process is left behind.

What was measured stays, and the next `demo` takes up what stands. With --purge everything that was made is deleted:
clouds, results, reports, and the environment. That stays where RALLYCROSS_HOME names another state than the checkout's.
"""

import argparse
import shutil

from rallycross.cli.airflow.this_server import airflow_server
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console, tell_step
from rallycross.cli.stopping import say_why
from rallycross.errors import RallycrossError
from rallycross.results.endings import STOPPED, because
from rallycross.settings import CHECKOUT, settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--purge", action="store_true", help="delete everything that was made, results too")
    parser.add_argument("--keep-clouds", action="store_true", help="leave the clouds running")


def run(options: argparse.Namespace) -> int:
    """Stop in the order that leaves nobody without what it works on: Airflow, then the clouds."""
    if options.purge and options.keep_clouds:
        raise RallycrossError("--purge deletes the clouds, --keep-clouds keeps them - choose one")
    server = airflow_server()
    if server.programs():
        say_why(because(STOPPED, "./rallycross down"))
    ended = server.down(tell=console.print)
    console.print("Airflow is stopped" if ended else "Airflow did not run")
    if not options.keep_clouds:
        _stop_clouds(purge=options.purge)
    if options.purge:
        _purge()
    return 0


def _purge() -> None:
    """Delete the state, and the environment where no other state can use it.

    Folders that the user has put elsewhere may hold other things.
    """
    paths, environment = settings(), CHECKOUT / ".venv"
    own = paths.home == CHECKOUT / ".rallycross"
    for folder in (paths.home, environment) if own else (paths.home,):
        if folder.exists():
            shutil.rmtree(folder)
            console.print(f"deleted {folder}")
    if not own and environment.exists():
        console.print(f"left {environment}, which any other RALLYCROSS_HOME uses too: delete it by hand")
    for folder in (paths.samples, paths.reports):
        if folder.exists():
            console.print(f"left {folder}, which is outside of {paths.home}: delete it by hand")


def _stop_clouds(*, purge: bool) -> None:
    """Stop all clouds of which something may stand, also those whose deployment was cut off."""
    failed = []
    for standing in clouds():
        try:
            if purge:
                standing.destroy(tell_step)
            else:
                for step in standing.stop():
                    console.print(f"cloud {standing.name}: ended {step}; deploy again to go on")
        except RallycrossError as error:  # one that cannot be reached leaves no other running
            failed.append(f"cloud {standing.name} is not {'destroyed' if purge else 'stopped'}: {error}")
        else:
            console.print(f"cloud {standing.name} is {'destroyed' if purge else 'stopped'}")
    if failed:
        raise RallycrossError("\n".join(failed))
