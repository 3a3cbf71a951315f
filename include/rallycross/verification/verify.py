"""One verification, whole: what the cloud is, which tests to run, the configuration, the run, the clean-up."""

import fcntl
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import openstack

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.permissions import NotAllowed, Permissions
from rallycross.settings import settings
from rallycross.verification import accounts, workers
from rallycross.verification.accounts import Accounts
from rallycross.verification.configuration import check_places
from rallycross.verification.discovery import discover
from rallycross.verification.environments import Say
from rallycross.verification.facts import Facts
from rallycross.verification.known_sets import SETS
from rallycross.verification.leftovers import clean
from rallycross.verification.prefix import prefix_of
from rallycross.verification.provisions import MayAppear, provide
from rallycross.verification.selection import (
    FAKE_HYPERVISOR,
    PRE_PROVISIONED,
    Choice,
    Selection,
    check_set,
    select,
    skip_list,
)
from rallycross.verification.source import TEMPEST, Source
from rallycross.verification.test import Status, TestResult, outcomes
from rallycross.verification.verifier import Configured, Need, Verifier, available_tests, command
from rallycross.verification.verifiers import install

_PATH = re.compile(r"\s*(/|~|file:|\.{1,2}(/|$))|.*/\.\.(/|$)")  # how a path looks, among values of other kinds


@dataclass(frozen=True)
class Request:
    """What to verify, and how. `verification_jobs.request` stores the secrets among its options apart."""

    choice: Choice
    source: Source = field(default_factory=Source)
    concurrency: int = 2
    options: Mapping[str, str] = field(default_factory=dict)  # the verifier's: they have the last word
    accounts: str = ""  # a file of credentials for the tests, in the place of ones made for each class

    def __post_init__(self) -> None:
        if self.accounts and self.source.kind != TEMPEST:
            raise RallycrossError("a file of accounts is tempest's - a project's users are made for the run")
        if self.source.kind == TEMPEST:
            check_places(self.options)

    def check(self, permissions: Permissions) -> None:
        """Raise `NotAllowed` where something is out of reach for whoever asks: a package, or a file."""
        for package in (self.source.package, *self.source.plugins):
            if package:
                permissions.check_package(package)
        named = [("accounts", self.accounts)] if self.accounts else []
        for name, written in self.options.items():  # some are lists, with commas between
            named += [(f"option {name}", value) for value in written.split(",") if _PATH.match(value)]
        for where, value in named:
            try:
                permissions.file(Path(value.strip()))
            except NotAllowed as error:
                raise NotAllowed(f"{where}: {value} {error.what}", error.remedy) from None

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "choice": self.choice.data(),
            "source": self.source.data(),
            "concurrency": self.concurrency,
            "options": dict(self.options),
            "accounts": self.accounts,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Request":
        """Return what `data` has given."""
        return cls(**{**data, "choice": Choice.of(data["choice"]), "source": Source.of(data["source"])})


def options_of(given: Iterable[str]) -> dict[str, str]:
    """Return options that are written NAME=VALUE."""
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise RallycrossError(f"option {one!r}: not of the form NAME=VALUE, such as compute.image_ref=UUID")
        found[name.strip()] = value.strip()
    return found


@dataclass(frozen=True)
class Totals:
    """How many tests ended how, and how long all of them took."""

    tests: int
    passed: int  # success, and failures that were expected
    failed: int  # failures, and success where a failure was expected
    skipped: int
    seconds: float  # from the first test process's start to the last one's end
    left_behind: tuple[str, ...] = ()  # what the tests made and nobody could delete, and why


def verify(
    cloud: Cloud,
    request: Request,
    *,
    workspace: Path,
    environments: Path,
    begin: Callable[[int, dict[str, Any]], None],
    record: Callable[[TestResult], None],
    stop: threading.Event,
    done: frozenset[str] = frozenset(),
    say: Say = lambda _: None,
) -> Totals:
    """Run tests against a cloud.

    `workspace` is a folder for this cloud's verifications alone; nothing is written outside it and `environments`,
    where verifiers are installed. `begin` is told the number of tests, and what was decided and why, before the first
    test; `record` each test as it ends, one at a time, and one again if its class could not be torn down. The tests
    `done` (names) have been recorded before, by a run that was cut off, and are not run again.

    Every test has been recorded when this returns. Raises `RallycrossError` where the verifier, the tests, the cloud
    or the options are not such that tests can be run, `WorkerDied` where a test process dies, and `Stopped`, within
    seconds, when `stop` is set. However it ends, the processes are gone and what the tests made is deleted. What a run
    that was killed has left is ended and deleted by the next in the same workspace, before anything else.
    """
    if request.source.kind == TEMPEST and request.choice.set:
        check_set(request.choice.set, SETS)  # before anything is touched
    given = accounts.read(request.accounts) if request.accounts else None
    if given:
        given.check_number(request.concurrency)
    workspace = workspace.absolute()
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(workspace):
        workers.end_stale(workspace)
        prefix = prefix_of(workspace)
        connection = replace(cloud, config={"api_timeout": settings().sign_in_limit, **cloud.config}).connect()
        with ThreadPoolExecutor(1) as pool:
            # meanwhile the cloud can be asked
            installing = pool.submit(_listed, request, environments, workspace, say, stop)
            facts = discover(cloud, connection)
            if given:
                given.check_sign_in(facts.keystone)
            clean(connection, prefix)
            verifier, available = installing.result()
        selection = select(request.choice, verifier, available, also_skip=_cannot_work(facts, given))
        for note in selection.notes:
            say(note)
        try:
            configured = _configure(connection, verifier, facts, request, given, workspace=workspace, prefix=prefix)
            begin(selection.total, _environment(request, verifier, facts, configured, selection))
            totals = _run(
                _rest(selection, done),
                record,
                verifier,
                configured,
                workspace=workspace,
                concurrency=request.concurrency,
                stop=stop,
            )
        except RallycrossError as error:
            late = settings().late_patience if isinstance(error, MayAppear) else 0.0
            raise type(error)(f"{error}\n{clean(connection, prefix, late=late)}".rstrip()) from error
        except BaseException:
            clean(connection, prefix)
            raise
        return replace(totals, left_behind=tuple(clean(connection, prefix).remaining))


def list_tests(request: Request, *, workspace: Path, environments: Path, say: Say) -> tuple[Verifier, Selection]:
    """Return the verifier, and the tests that a request chooses of it. No cloud is asked."""
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    verifier, available = _listed(request, environments, workspace.absolute(), say, threading.Event())
    return verifier, select(request.choice, verifier, available, also_skip={})


def _listed(
    request: Request, environments: Path, workspace: Path, say: Say, stop: threading.Event
) -> tuple[Verifier, Any]:
    verifier = install(request.source, environments, say, stop=stop)
    if request.choice.set:
        check_set(request.choice.set, verifier.sets)
    verifier.check(request.options, workspace, stop=stop)
    return verifier, available_tests(verifier, workspace, stop=stop)


def _cannot_work(facts: Facts, given: Accounts | None) -> dict[str, str]:
    return {
        **(skip_list(FAKE_HYPERVISOR) if facts.fake_hypervisors else {}),
        **(skip_list(PRE_PROVISIONED) if given else {}),
    }


def _configure(
    connection: openstack.connection.Connection,
    verifier: Verifier,
    facts: Facts,
    request: Request,
    given: Accounts | None,
    *,
    workspace: Path,
    prefix: str,
) -> Configured:
    facts, admin, member = provide(connection, facts, prefix, admin=given is None, member=verifier.needs_member)
    return verifier.configure(
        Need(
            facts=facts,
            admin=admin,
            member=member,
            workspace=workspace,
            prefix=prefix,
            options=request.options,
            accounts=given,
        )
    )


def _rest(selection: Selection, done: frozenset[str]) -> Selection:
    """Return what is left to do of a run that was cut off."""
    return Selection(
        run=tuple(test for test in selection.run if test.name not in done),
        skipped=tuple((test, reason) for test, reason in selection.skipped if test.name not in done),
        expected=selection.expected,
        notes=selection.notes,
    )


@contextmanager
def _alone(workspace: Path) -> Iterator[None]:
    """Keep other verifications out of the workspace; the lock ends with the process that holds it."""
    with (workspace / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RallycrossError(
                f"{workspace}: another verification is running there - wait for it, or stop it"
            ) from error
        yield


def _run(
    selection: Selection,
    record: Callable[[TestResult], None],
    verifier: Verifier,
    configured: Configured,
    *,
    workspace: Path,
    concurrency: int,
    stop: threading.Event,
) -> Totals:
    results: dict[str, TestResult] = {}

    def ended(result: TestResult) -> None:
        judged = as_expected(result, selection.expected)
        results[judged.name] = judged
        record(judged)

    for test, reason in selection.skipped:
        ended(TestResult(test.name, "skip", time.time(), 0.0, test.tags, reason))
    started = time.monotonic()
    try:
        workers.run(
            selection.run,
            ended,
            command=command(verifier),
            env=configured.environment,
            folder=workspace,
            concurrency=concurrency,
            stop=stop,
        )
    except RallycrossError as error:
        raise type(error)(f"after {len(results)} of {selection.total} tests: {error}") from error
    seconds = time.monotonic() - started
    ends = outcomes(Counter[str](result.status for result in results.values()))
    return Totals(len(results), ends["passed"], ends["failed"], ends["skipped"], seconds)


def as_expected(result: TestResult, expected: Mapping[str, str]) -> TestResult:
    """Return how a test ended in the light of what was expected: a failure that was expected is none."""
    if result.name not in expected or result.status not in {"fail", "success"}:
        return result
    status: Status = "xfail" if result.status == "fail" else "uxsuccess"
    return replace(result, status=status, reason=expected[result.name])


def _environment(
    request: Request, verifier: Verifier, facts: Facts, configured: Configured, selection: Selection
) -> dict[str, Any]:
    """Return what a reader of the results may want to know of how they came about."""
    return {
        "verifier": verifier.title,
        "tests": request.choice.title,
        "concurrency": request.concurrency,
        "services": sorted(facts.services),
        "hypervisors": sorted(facts.hypervisor_types),
        "not_run": {test.name: reason for test, reason in selection.skipped},
        "notes": list(selection.notes),
        "options": {name: dict(option) for name, option in configured.shown.items()},
    }
