"""Verify a cloud with tempest or another verifier, without Airflow; read, compare, import and export results.

run CLOUD           runs tests; Ctrl-C stops them, and `run CLOUD --resume UUID` continues
list                lists the tests that `run` would run, without asking a cloud
rerun UUID          runs the same tests again, or only those that failed (--failed)
show UUID           shows a verification: totals, tests by service, failures by cause
history [TEST]      lists the verifications, or the results of one test in all of them
compare UUID UUID   shows which tests broke, were fixed, got slower, or are flaky
import FILE CLOUD   imports results from a subunit or JUnit file
export UUID         writes a verification as JSON, JUnit, HTML or subunit
verifiers           lists the installed verifiers; --forget NAME deletes one

UUID may be abbreviated to its first characters, or be `last`. Exit codes: 0 = passed or done, 1 = tests failed (for
`compare`: tests broke), 2 = it could not run.
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
    run.add_argument("--resume", default="", metavar="UUID", help="continue a verification that was cut off")
    listing = verb("list", "verify_run", "List the tests that would run, without asking a cloud.")
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
    show = verb("show", "verify_read", "Show a verification.")
    show.add_argument("uuid", metavar="UUID", nargs="?", default="last")
    show.add_argument("--detailed", action="store_true", help="show each failure with its traceback and log")
    show.add_argument("--sort-by", choices=["name", "duration"], default="", help="list every test, in this order")
    history = verb("history", "verify_read", "List the verifications, or the results of one test in all of them.")
    add_json(show)
    add_json(history)
    history.add_argument("test", metavar="TEST", nargs="?", default="")
    _cloud_and_limit(history)
    compare = verb("compare", "verify_read", "Compare verifications, the oldest first.")
    compare.add_argument("uuids", metavar="UUID", nargs="*", help="two or more (default: the last ones of --cloud)")
    _cloud_and_limit(compare)
    compare.add_argument(
        "--slower",
        type=number(1, 1000),
        default=1.5,
        metavar="RATIO",
        help="ratio from which a test counts as slower (default: 1.5)",
    )
    compare.add_argument("--format", choices=["text", "json", "html"], default="text", help="(default: text)")
    compare.add_argument("--json", action="store_true", help="the same as --format json")
    compare.add_argument("--to", default="-", metavar="FILE", help="output file (default: standard output)")
    importing = verb("import", "verify_files", "Import results from a file.")
    importing.add_argument("file", metavar="FILE", help="subunit v2, or JUnit XML")
    importing.add_argument("cloud", metavar="CLOUD", help="the cloud that was tested; it need not be known here")
    exporting = verb("export", "verify_files", "Write a verification to a file.")
    exporting.add_argument("uuid", metavar="UUID", nargs="?", default="last")
    exporting.add_argument("--format", choices=["json", "junit", "html", "subunit"], default="json")
    exporting.add_argument("--to", default="-", metavar="FILE", help="output file (default: standard output)")
    verifiers = verb("verifiers", "verify_run", "List the installed verifiers.")
    add_json(verifiers)
    verifiers.add_argument("--forget", default="", metavar="NAME", help="delete one; the next run installs it again")


def run(options: argparse.Namespace) -> int:
    """Run the verb; only its own module is imported, since some imports are slow."""
    module = import_module(f"rallycross.cli.commands.{options.module}")
    act: Act = getattr(module, f"{options.verb}_")
    return act(options)


def _choice(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group("which tests").add_mutually_exclusive_group()
    sets = f"a set: {', '.join(SETS)} (default: quick; of a project: full)"
    which.add_argument("--set", default="", metavar="NAME", help=sets)
    which.add_argument("--pattern", default="", metavar="REGEX", help="tests whose id it matches anywhere")
    which.add_argument("--load-list", default="", metavar="FILE", help="tests in a file, one per line")
    lists = parser.add_argument_group("lists; each line is a regular expression, a #, and the reason")
    lists.add_argument("--skip-list", default="", metavar="FILE", help="tests not to run")
    lists.add_argument("--expected-failures", default="", metavar="FILE", help="tests that are known to fail")


def _verifier(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to verify with")
    kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
    group.add_argument("--verifier", default="tempest", metavar="KIND", help=f"{kinds} (default: tempest)")
    group.add_argument("--package", default="", metavar="WHAT", help="a version, a requirement, a git URL, or a folder")
    group.add_argument("--plugin", action="append", default=[], metavar="WHAT", help="installed with it; repeatable")
    group.add_argument("--tests", default="", metavar="PACKAGE", help="the package that holds a project's tests")


def _running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--concurrency", type=AT_A_TIME, default=2, metavar="N", help="tests at a time (default: 2)")
    group.add_argument(
        "-o",
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the verifier; repeatable",
    )
    group.add_argument("--options", default="", metavar="FILE", help="a file with options, such as a tempest.conf")
    group.add_argument("--accounts", default="", metavar="FILE", help="tempest's accounts.yaml: no users are created")


def _cloud_and_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cloud", metavar="CLOUD", help="only of this cloud")
    parser.add_argument("--last", type=ROWS, default=10, metavar="N", help="the N newest (default: 10)")
