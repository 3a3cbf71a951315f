"""Stop Airflow and the clouds of this checkout; no process is left behind.

Results are kept, and the next `demo` uses the existing cloud. --purge deletes everything that was created: clouds,
results, reports, and the environment. If RALLYCROSS_HOME is set to another folder, the environment is kept.
"""

import argparse
import shutil

from rallycross.cli.airflow.this_server import airflow_server
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console
from rallycross.cli.step_progress import tell_step
from rallycross.cli.stop_reason import record_stop_reason
from rallycross.errors import RallycrossError
from rallycross.results.endings import STOPPED, because
from rallycross.settings import CHECKOUT, settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--purge", action="store_true", help="delete everything that was created, including results")
    parser.add_argument("--keep-clouds", action="store_true", help="leave the clouds running")


def run(options: argparse.Namespace) -> int:
    """Stop Airflow first, then the clouds that it works on."""
    if options.purge and options.keep_clouds:
        raise RallycrossError("--purge deletes the clouds, --keep-clouds keeps them - choose one")
    server = airflow_server()
    if server.programs():
        record_stop_reason(because(STOPPED, "./rallycross down"))
    ended = server.down(tell=console.print)
    console.print("Airflow is stopped" if ended else "Airflow did not run")
    if not options.keep_clouds:
        _stop_clouds(purge=options.purge)
    if options.purge:
        _purge()
    return 0


def _purge() -> None:
    """Delete the state, and the environment if no other state can use it.

    Folders that the user configured elsewhere are kept: they may hold other things.
    """
    paths, environment = settings(), CHECKOUT / ".venv"
    own = paths.home == CHECKOUT / ".rallycross"
    for folder in (paths.home, environment) if own else (paths.home,):
        if folder.exists():
            shutil.rmtree(folder)
            console.print(f"deleted {folder}")
    if not own and environment.exists():
        console.print(f"kept {environment}, which other RALLYCROSS_HOME folders use, too: delete it by hand")
    for folder in (paths.samples, paths.reports):
        if folder.exists():
            console.print(f"kept {folder}, which is outside {paths.home}: delete it by hand")


def _stop_clouds(*, purge: bool) -> None:
    """Stop or destroy all clouds, including those whose deployment was cut off."""
    failed = []
    for cloud in clouds():
        try:
            if purge:
                cloud.destroy(tell_step)
            else:
                for step in cloud.stop():
                    console.print(f"cloud {cloud.name}: ended {step}; deploy again to continue")
        except RallycrossError as error:  # the others are stopped even if one is unreachable
            failed.append(f"cloud {cloud.name} is not {'destroyed' if purge else 'stopped'}: {error}")
        else:
            console.print(f"cloud {cloud.name} is {'destroyed' if purge else 'stopped'}")
    if failed:
        raise RallycrossError("\n".join(failed))
