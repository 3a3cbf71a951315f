"""A verification from discovery to clean-up: facts, selection, configuration, tests."""

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
from rallycross.verification import accounts, worker_pool
from rallycross.verification.accounts import Accounts
from rallycross.verification.cleanup import clean
from rallycross.verification.configuration import check_places
from rallycross.verification.discovery import discover
from rallycross.verification.environments import Say
from rallycross.verification.facts import Facts
from rallycross.verification.installation import install
from rallycross.verification.known_sets import SETS
from rallycross.verification.prefix import prefix_of
from rallycross.verification.provisions import OutcomeUnknown, provide
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
from rallycross.verification.verifier import (
    ConfigurationInputs,
    Verifier,
    WrittenConfiguration,
    available_tests,
    command,
)

_PATH = re.compile(r"\s*(/|~|file:|\.{1,2}(/|$))|.*/\.\.(/|$)")  # a value that looks like a path


@dataclass(frozen=True)
class VerificationRequest:
    """What to verify, and how. `verification_jobs.request` stores the secrets among its options apart."""

    choice: Choice
    source: Source = field(default_factory=Source)
    concurrency: int = 2
    options: Mapping[str, str] = field(default_factory=dict)  # the verifier's, which take precedence
    accounts: str = ""  # a file of credentials for the tests, instead of ones created for each class

    def __post_init__(self) -> None:
        if self.accounts and self.source.kind != TEMPEST:
            raise RallycrossError("accounts: only tempest takes a file of accounts - leave it out for a project")
        if self.source.kind == TEMPEST:
            check_places(self.options)

    def check(self, permissions: Permissions) -> None:
        """Raise `NotAllowed` if the permissions do not include a package or a file of the request."""
        for package in (self.source.package, *self.source.plugins):
            if package:
                permissions.check_package(package)
        named = [("accounts", self.accounts)] if self.accounts else []
        for name, written in self.options.items():  # some are lists, separated by commas
            named += [(f"option {name}", value) for value in written.split(",") if _PATH.match(value)]
        for where, value in named:
            try:
                permissions.file(Path(value.strip()))
            except NotAllowed as error:
                raise NotAllowed(f"{where}: {value} {error.what}", error.remedy) from None

    def data(self) -> dict[str, Any]:
        """Return the request as JSON data."""
        return {
            "choice": self.choice.data(),
            "source": self.source.data(),
            "concurrency": self.concurrency,
            "options": dict(self.options),
            "accounts": self.accounts,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "VerificationRequest":
        """Return the request of JSON data."""
        return cls(**{**data, "choice": Choice.of(data["choice"]), "source": Source.of(data["source"])})


def options_of(given: Iterable[str]) -> dict[str, str]:
    """Parse options of the form NAME=VALUE."""
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise RallycrossError(f"option {one!r}: not of the form NAME=VALUE, such as compute.image_ref=UUID")
        found[name.strip()] = value.strip()
    return found


@dataclass(frozen=True)
class Totals:
    """The counts of tests by outcome, and the duration of all."""

    tests: int
    passed: int  # successes and expected failures
    failed: int  # failures and unexpected successes
    skipped: int
    seconds: float  # from the start of the first test process to the end of the last
    left_behind: tuple[str, ...] = ()  # resources of the tests that could not be deleted, with reasons


def verify(
    cloud: Cloud,
    request: VerificationRequest,
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

    `workspace` is a folder for this cloud's verifications only; files are written only there and in `environments`,
    where verifiers are installed. `begin` is called before the first test, with the number of tests and the environment
    of the run. `record` is called with each test as it ends, never concurrently, and again with a test whose class
    could not be torn down. The tests in `done` (names) were recorded by an earlier attempt, and are not run again.

    All tests are recorded when this returns. Raises `RallycrossError` if the verifier, the tests, the cloud or the
    options do not allow tests to run, `WorkerDied` if a test process dies, and `VerificationStopped`, within seconds,
    when `stop` is set. In any case the processes are ended and the resources of the tests are deleted. If the run is
    killed, the next one in the same workspace does that first.
    """
    if request.source.kind == TEMPEST and request.choice.set:
        check_set(request.choice.set, SETS)  # before anything is changed
    given = accounts.read(request.accounts) if request.accounts else None
    if given:
        given.check_number(request.concurrency)
    workspace = workspace.absolute()
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(workspace):
        worker_pool.end_stale(workspace)
        prefix = prefix_of(workspace)
        connection = replace(cloud, config={"api_timeout": settings().sign_in_limit, **cloud.config}).connect()
        with ThreadPoolExecutor(1) as pool:
            # in parallel with the discovery of the cloud
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
            late = settings().late_patience if isinstance(error, OutcomeUnknown) else 0.0
            raise type(error)(f"{error}\n{clean(connection, prefix, late=late)}".rstrip()) from error
        except BaseException:
            clean(connection, prefix)
            raise
        return replace(totals, left_behind=tuple(clean(connection, prefix).remaining))


def list_tests(
    request: VerificationRequest, *, workspace: Path, environments: Path, say: Say
) -> tuple[Verifier, Selection]:
    """Return the verifier and the tests that a request selects, without a cloud."""
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    verifier, available = _listed(request, environments, workspace.absolute(), say, threading.Event())
    return verifier, select(request.choice, verifier, available, also_skip={})


def _listed(
    request: VerificationRequest, environments: Path, workspace: Path, say: Say, stop: threading.Event
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
    request: VerificationRequest,
    given: Accounts | None,
    *,
    workspace: Path,
    prefix: str,
) -> WrittenConfiguration:
    facts, admin, member = provide(connection, facts, prefix, admin=given is None, member=verifier.needs_member)
    return verifier.configure(
        ConfigurationInputs(
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
    """Return the selection without the tests that an earlier attempt has done."""
    return Selection(
        run=tuple(test for test in selection.run if test.name not in done),
        skipped=tuple((test, reason) for test, reason in selection.skipped if test.name not in done),
        expected=selection.expected,
        notes=selection.notes,
    )


@contextmanager
def _alone(workspace: Path) -> Iterator[None]:
    """Lock the workspace against other verifications; the lock ends with the process that holds it."""
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
    configured: WrittenConfiguration,
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
        worker_pool.run(
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
    """Return a result as `xfail` or `uxsuccess` if its test was expected to fail."""
    if result.name not in expected or result.status not in {"fail", "success"}:
        return result
    status: Status = "xfail" if result.status == "fail" else "uxsuccess"
    return replace(result, status=status, reason=expected[result.name])


def _environment(
    request: VerificationRequest,
    verifier: Verifier,
    facts: Facts,
    configured: WrittenConfiguration,
    selection: Selection,
) -> dict[str, Any]:
    """Return the environment of the run, which is stored with its results."""
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
