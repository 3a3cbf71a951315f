"""Verify a cloud with tempest or another verifier, without Airflow; read, compare, import and export what came of it.

run CLOUD           runs tests, a line for each as it ends; Ctrl-C stops, `run CLOUD --resume UUID` goes on
list                names the tests that `run` would run; no cloud is asked
rerun UUID          runs the same again, or with --failed only what failed
show UUID           says how a verification went: totals, by service, failures by their cause
history [TEST]      names the verifications, or says how one test ended in each
compare UUID UUID   says what broke, what was mended, what got slower, and what is flaky
import FILE CLOUD   keeps the results of a subunit or JUnit file that was made elsewhere
export UUID         writes a verification as JSON, JUnit, HTML or subunit
verifiers           names the verifiers that are installed; --forget NAME deletes one

UUID may be its beginning, or `last`. Exit codes: 0 = passed or done, 1 = tests failed (of `compare`: something broke),
2 = it could not run.
"""

import argparse
from collections.abc import Callable
from importlib import import_module

from rallycross.cli.parser import AT_A_TIME, ROWS, add_json, number
from rallycross.verification.known_sets import SETS
from rallycross.verification.source import KINDS

Act = Callable[[argparse.Namespace], int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, module: str, what: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=what, description=what)
        made.set_defaults(module=module)
        return made

    run = verb("run", "verify_run", "Run tests against a cloud.")
    run.add_argument("cloud", metavar="CLOUD", help="a cloud that Rallycross has deployed, or an entry of clouds.yaml")
    _choice(run)
    _verifier(run)
    _running(run)
    run.add_argument("--resume", default="", metavar="UUID", help="go on with a verification that was cut off")
    listing = verb("list", "verify_run", "Name the tests that would run; no cloud is asked.")
    _choice(listing)
    _verifier(listing)
    add_json(listing)
    rerun = verb("rerun", "verify_run", "Run the tests of an earlier verification again.")
    rerun.add_argument("uuid", metavar="UUID")
    rerun.add_argument("--failed", action="store_true", help="only those that failed")
    rerun.add_argument(
        "--concurrency",
        type=AT_A_TIME,
        default=0,
        metavar="N",
        help="tests at a time (default: as before)",
    )
    show = verb("show", "verify_read", "Say how a verification went.")
    show.add_argument("uuid", metavar="UUID", nargs="?", default="last")
    show.add_argument("--detailed", action="store_true", help="each failure with its traceback and log")
    show.add_argument("--sort-by", choices=["name", "duration"], default="", help="name every test, in this order")
    history = verb("history", "verify_read", "Name the verifications, or say how one test ended in each.")
    add_json(show)
    add_json(history)
    history.add_argument("test", metavar="TEST", nargs="?", default="")
    _cloud_and_limit(history)
    compare = verb("compare", "verify_read", "Compare verifications, the oldest first.")
    compare.add_argument("uuids", metavar="UUID", nargs="*", help="two or more; none: the last ones of --cloud")
    _cloud_and_limit(compare)
    compare.add_argument("--slower", type=number(1, 1000), default=1.5, metavar="RATIO", help="told as slower (1.5)")
    compare.add_argument("--format", choices=["text", "json", "html"], default="text", help="(default: text)")
    compare.add_argument("--json", action="store_true", help="the same as --format json")
    compare.add_argument("--to", default="-", metavar="FILE", help="where to (default: standard output)")
    importing = verb("import", "verify_files", "Keep the results of a file that was made elsewhere.")
    importing.add_argument("file", metavar="FILE", help="subunit v2, or JUnit XML")
    importing.add_argument("cloud", metavar="CLOUD", help="the cloud whose results they are; it need not be known")
    exporting = verb("export", "verify_files", "Write a verification to a file.")
    exporting.add_argument("uuid", metavar="UUID", nargs="?", default="last")
    exporting.add_argument("--format", choices=["json", "junit", "html", "subunit"], default="json")
    exporting.add_argument("--to", default="-", metavar="FILE", help="where to (default: standard output)")
    verifiers = verb("verifiers", "verify_run", "Name the verifiers that are installed.")
    add_json(verifiers)
    verifiers.add_argument("--forget", default="", metavar="NAME", help="delete one; the next run installs it anew")


def run(options: argparse.Namespace) -> int:
    """Carry out the verb. What it needs is imported for it alone: listing needs no report, reading no cloud."""
    module = import_module(f"rallycross.cli.commands.{options.module}")
    act: Act = getattr(module, f"{options.verb}_")
    return act(options)


def _choice(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group("which tests").add_mutually_exclusive_group()
    sets = f"a set: {', '.join(SETS)} (default: quick; of a project: full)"
    which.add_argument("--set", default="", metavar="NAME", help=sets)
    which.add_argument("--pattern", default="", metavar="REGEX", help="those whose id it is found in")
    which.add_argument("--load-list", default="", metavar="FILE", help="those that a file names, one a line")
    lists = parser.add_argument_group("lists, a line each: a regular expression, a #, and the reason")
    lists.add_argument("--skip-list", default="", metavar="FILE", help="tests not to run")
    lists.add_argument("--expected-failures", default="", metavar="FILE", help="tests that are known to fail")


def _verifier(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to verify with")
    kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
    group.add_argument("--verifier", default="tempest", metavar="KIND", help=f"{kinds} (default: tempest)")
    group.add_argument("--package", default="", metavar="WHAT", help="a version, a requirement, a git URL, or a folder")
    group.add_argument("--plugin", action="append", default=[], metavar="WHAT", help="installed beside it; repeatable")
    group.add_argument("--tests", default="", metavar="PACKAGE", help="the package that holds a project's tests")


def _running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--concurrency", type=AT_A_TIME, default=2, metavar="N", help="tests at a time (default: 2)")
    group.add_argument("-o", "--option", action="append", default=[], metavar="NAME=VALUE", help="of the verifier")
    group.add_argument("--options", default="", metavar="FILE", help="a file of them, such as a tempest.conf")
    group.add_argument("--accounts", default="", metavar="FILE", help="tempest's accounts.yaml: no users are made")


def _cloud_and_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cloud", metavar="CLOUD", help="of this cloud only")
    parser.add_argument("--last", type=ROWS, default=10, metavar="N", help="how many at most (default: 10)")
