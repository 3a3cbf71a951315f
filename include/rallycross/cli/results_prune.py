"""`results prune`: deletes old results, or only their samples, and says what it deleted."""

import argparse
import time
from datetime import timedelta

from rallycross.cli.console import console, print_json
from rallycross.cli.named_cloud import check_name
from rallycross.cli.parser import add_json, whole
from rallycross.duration import duration
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import settings

_MOST = 1_000_000  # the upper bound of --keep-last


def configure_prune(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    verb.add_argument(
        "--older-than", type=_duration, required=True, metavar="AGE", help="what ended longer ago: 90d, 12h, 4w"
    )
    verb.add_argument("--keep-tagged", action="store_true", help="keep tasks that have a tag")
    verb.add_argument(
        "--keep-last",
        type=whole(0, _MOST),
        default=0,
        metavar="N",
        help="keep the N newest of each recipe, or title, on each cloud",
    )
    verb.add_argument("--samples-only", action="store_true", help="delete samples; figures, verdicts and reports stay")
    verb.add_argument("--cloud", metavar="NAME", help="only results of this cloud (default: of all)")
    verb.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    add_json(verb)
    verb.set_defaults(act=_prune)


def _duration(text: str) -> timedelta:
    try:
        return duration(text)
    except RallycrossError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _prune(options: argparse.Namespace) -> int:
    from rallycross.retention import Policy, document, prune, summary  # noqa: PLC0415 - it imports openstacksdk

    store = Store.open()
    check_name(options.cloud, store)
    policy = Policy(
        options.older_than, options.keep_tagged, options.keep_last, options.samples_only, cloud=options.cloud
    )
    pruned = prune(
        store,
        settings(),
        policy,
        now=time.time(),
        dry_run=options.dry_run,
        tell=lambda one: None if options.json else console.print(str(one)),
    )
    if options.json:
        print_json(document(pruned, dry_run=options.dry_run))
    else:
        console.print(summary(pruned, dry_run=options.dry_run))
    return 0
