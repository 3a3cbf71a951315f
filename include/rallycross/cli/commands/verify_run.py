"""`verify run`, `verify list`, `verify rerun` and `verify verifiers`."""

import argparse
import configparser
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from uuid import uuid4

from rallycross.cli.console import console, note, print_json, progress
from rallycross.cli.grid import Grid
from rallycross.cli.named_cloud import named_cloud
from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.results.models import VerificationRow
from rallycross.results.store import Store
from rallycross.results.verifications import LOST_SECONDS
from rallycross.settings import settings
from rallycross.userfile import read_text
from rallycross.verification.environments import installed_environments
from rallycross.verification.lists import read_file
from rallycross.verification.selection import Choice
from rallycross.verification.source import TEMPEST, Source
from rallycross.verification.test import FAILED
from rallycross.verification.verify import Totals, VerificationRequest, list_tests, options_of
from rallycross.verification_jobs.follow import StoppedFollowing, follow, state, test_line
from rallycross.verification_jobs.request import begin, forget_secrets, request_of
from rallycross.verification_jobs.run import run

_LAST_WORDS = 5.0  # seconds for the last tests to be printed


def run_(options: argparse.Namespace) -> int:
    """Run tests; return 0 if all passed, 1 if one failed."""
    store = Store.open()
    cloud = named_cloud(options.cloud, store)
    if options.resume:
        row = store.verifications.find(options.resume)
        if row.cloud != cloud.name:
            raise RallycrossError(
                f"verification {row.uuid} is of the cloud {row.cloud}, not of {cloud.name} - name that cloud"
            )
        if row.status == "finished" or not row.request:
            raise RallycrossError(
                f"verification {row.uuid} has nothing left to run - to repeat it: ./rallycross verify rerun {row.uuid}"
            )
        if state(row, time.time()) == "running":
            raise RallycrossError(
                f"verification {row.uuid} is running, or died less than {LOST_SECONDS:.0f} s ago - wait, then try again"
            )
        return _run(store, cloud, row.uuid)
    request = _request(options)
    return _run(store, cloud, _begin(store, cloud.name, request))


def rerun_(options: argparse.Namespace) -> int:
    """Run all tests of an earlier verification again, or only those that failed."""
    store = Store.open()
    row = store.verifications.find(options.uuid)
    if not row.request:
        raise RallycrossError(
            f"verification {row.uuid} was imported: it cannot be run again - run its tests with --load-list"
        )
    before = request_of(store, row.uuid, paths=settings())
    failed = tuple(test.name for test in store.tests.of(row.uuid) if test.status in FAILED)
    if options.failed and not failed:
        console.print(f"no test of {row.uuid} failed")
        return 0
    choice = (
        Choice.of({**before.choice.data(), "set": "", "pattern": "", "tests": failed})
        if options.failed
        else before.choice
    )
    request = VerificationRequest.of(
        {**before.data(), "choice": choice.data(), "concurrency": options.concurrency or before.concurrency}
    )
    cloud = named_cloud(row.cloud, store)
    return _run(store, cloud, _begin(store, cloud.name, request))


def list_(options: argparse.Namespace) -> int:
    """List the tests that would run."""
    request = _request(options)
    paths = settings()
    folder, environments = paths.verifiers / "listing", paths.verifiers / "environments"
    verifier, selection = list_tests(request, workspace=folder, environments=environments, say=progress.print)
    if options.json:
        document = {
            "verifier": verifier.title,
            "run": [test.full for test in selection.run],
            "skipped": [{"test": test.full, "reason": reason} for test, reason in selection.skipped],
            "notes": list(selection.notes),
        }
        print_json(document)
        return 0
    for test in selection.run:
        console.print(test.full)
    for test, reason in selection.skipped:
        progress.print(f"skipped: {test.name}  ({reason or 'no reason given'})")
    for note_ in selection.notes:
        progress.print(note_)
    progress.print(f"{len(selection.run)} tests of {verifier.title}, {len(selection.skipped)} skipped")
    return 0


def verifiers_(options: argparse.Namespace) -> int:
    """List the installed verifiers, or delete one."""
    root = settings().verifiers / "environments"
    if options.forget:
        known = {folder.name for folder, _ in installed_environments(root)}
        if options.forget not in known:
            raise RallycrossError(
                f"verifier {options.forget!r}: there is none - available: {', '.join(sorted(known)) or 'none'}"
            )
        shutil.rmtree(root / options.forget)
        console.print(f"verifier {options.forget} is deleted")
        return 0
    if options.json:
        print_json({"verifiers": [{"name": folder.name, **told} for folder, told in installed_environments(root)]})
        return 0
    table = Grid("name", "asked for", "tempest")
    for folder, told in installed_environments(root):
        wanted = " ".join(one for one in told["requirements"] if one != "--editable")
        table.add_row(folder.name, wanted, told["packages"].get("tempest", "-"))
    console.print(table)
    return 0


def _request(options: argparse.Namespace) -> VerificationRequest:
    tests = tuple(read_file(options.load_list)) if options.load_list else ()
    default = "" if options.pattern or tests else "quick" if options.verifier == TEMPEST else "full"
    given = getattr(options, "options", "")
    return VerificationRequest(
        choice=Choice(
            set=options.set or default,
            pattern=options.pattern,
            tests=tests,
            skips=read_file(options.skip_list) if options.skip_list else {},
            expected=read_file(options.expected_failures) if options.expected_failures else {},
        ),
        source=Source(options.verifier, options.package, tuple(options.plugin), options.tests),
        concurrency=getattr(options, "concurrency", 1),
        options={**(_options_file(given) if given else {}), **options_of(getattr(options, "option", []))},
        accounts=_existing(getattr(options, "accounts", "")),
    )


def _options_file(path: str) -> dict[str, str]:
    """Return the options in a file: sections as in tempest.conf, or NAME=VALUE lines."""
    text = read_text(Path(path).expanduser(), name=path, remedy="name a file such as a tempest.conf")
    if not any(line.startswith("[") for line in text.splitlines()):
        return options_of(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    parser = configparser.RawConfigParser(default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign] # names keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise RallycrossError(f"{path}: not valid as a tempest.conf ({error}) - correct it") from error
    return {f"{section}.{name}": value for section in parser.sections() for name, value in parser.items(section)}


def _existing(path: str) -> str:
    if path and not Path(path).expanduser().is_file():
        raise RallycrossError(f"{path}: no such file - name an accounts.yaml of tempest")
    return str(Path(path).expanduser().absolute()) if path else ""


def _begin(store: Store, cloud: str, request: VerificationRequest) -> str:
    uuid = str(uuid4())
    begin(store, uuid, cloud, request, paths=settings())
    return uuid


def _run(store: Store, cloud: Cloud, uuid: str) -> int:
    """Run a verification and print each test; Ctrl-C and SIGTERM stop it, and what it created is deleted."""
    began, stop = time.monotonic(), threading.Event()
    note(f"verification {uuid}", began)
    shown = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        note("stopping: results are kept, and what the tests created is deleted", began)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    printer = threading.Thread(target=_print_tests, args=(store, uuid, shown), daemon=True)
    printer.start()
    try:
        totals = run(store, uuid, cloud, paths=settings(), stop=stop, say=lambda text: note(text, began))
    finally:
        printer.join(_LAST_WORDS)  # it ends when the run has ended
        shown.set()
        printer.join()
        row = store.verifications.get(uuid)
        if row is not None and not row.total:
            store.verifications.forget(uuid)  # it never began: there is nothing to show or to continue
            forget_secrets(uuid, paths=settings())
        elif row is not None and row.status != "finished":
            progress.print(f"to continue: ./rallycross verify run {cloud.name} --resume {uuid}")
    return _outcome(store, uuid, totals)


def _print_tests(store: Store, uuid: str, enough: threading.Event) -> None:
    """Print a line for each test as it ends."""
    try:
        follow(
            store,
            uuid,
            on_test_end=lambda test, count, total: progress.print(test_line(test, count, total)),
            stop=enough,
        )
    except StoppedFollowing:
        return
    except RallycrossError as error:
        progress.print(str(error))


def _outcome(store: Store, uuid: str, totals: Totals) -> int:
    from rallycross.cli.commands.verify_read import summary  # noqa: PLC0415 - imports pandas, which running does not need

    row = store.verifications.get(uuid)
    assert isinstance(row, VerificationRow)
    for line in summary(row, store.tests.of(uuid)):
        console.print(line)
    console.print(f"\nverification {uuid}: {'PASSED' if not totals.failed else 'FAILED'}")
    return 1 if any(test.status in FAILED for test in store.tests.of(uuid)) else 0
