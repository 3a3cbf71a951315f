"""One verification, whole: what the cloud is, which tests to run, tempest's configuration, the run, the clean-up."""

import fcntl
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.verification import configuration, tempest, workers
from rallycross.verification.discovery import discover
from rallycross.verification.facts import Facts
from rallycross.verification.leftovers import clean
from rallycross.verification.provisions import provide
from rallycross.verification.selection import FAKE_HYPERVISOR, Selection, check_set, select, skip_list
from rallycross.verification.test import TestResult


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
    chosen: str,
    *,
    workspace: Path,
    concurrency: int,
    begin: Callable[[int, dict[str, Any]], None],
    record: Callable[[TestResult], None],
    stop: threading.Event,
    overrides: Mapping[str, str] | None = None,
) -> Totals:
    """Run the tests of the set `chosen` (see `SETS`) against a cloud.

    `workspace` is a folder for this verification alone; nothing is written outside it. `begin` is told the number of
    tests, and what was decided and why, before the first test; `record` each test as it ends, one at a time, and one
    again if its class could not be torn down. `overrides` are options of tempest.conf (`section.name` -> value).

    Every test has been recorded when this returns. Raises `RallycrossError` where the set, the cloud or the options
    are not such that tests can be run, `WorkerDied` where a test process dies, and `Stopped`, within seconds, when
    `stop` is set. However it ends, the processes are gone and what the tests made is deleted. A verification that was
    killed can be started again in the same workspace: it first ends and deletes what the killed one left.
    """
    check_set(chosen)
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(workspace):
        workers.end_stale(workspace)
        prefix = f"tempest-{hashlib.sha256(str(workspace.resolve()).encode()).hexdigest()[:8]}"
        connection = cloud.connect()
        with ThreadPoolExecutor(1) as pool:
            listing = pool.submit(tempest.tests, workspace)  # two seconds, in which the cloud can be asked
            facts = discover(cloud, connection)
            clean(connection, prefix)
            selection = select(chosen, listing.result(), skip_list(FAKE_HYPERVISOR) if facts.fake_hypervisors else {})
        try:
            facts, admin = provide(connection, facts, prefix)
            decided = configuration.configure(
                facts, admin, folder=workspace.resolve(), prefix=prefix, overrides=overrides
            )
            _write(workspace, decided.text())
            begin(selection.total, _environment(chosen, concurrency, facts, decided, selection))
            totals = _run(selection, record, workspace, concurrency, stop)
        except RallycrossError as error:
            raise type(error)(f"{error}\n{clean(connection, prefix)}".rstrip()) from error
        except BaseException:
            clean(connection, prefix)
            raise
        return replace(totals, left_behind=tuple(clean(connection, prefix).remaining))


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
    workspace: Path,
    concurrency: int,
    stop: threading.Event,
) -> Totals:
    results: dict[str, TestResult] = {}

    def ended(result: TestResult) -> None:
        results[result.name] = result
        record(result)

    for test, reason in selection.skipped:
        ended(TestResult(test.name, "skip", time.time(), 0.0, test.tags, reason))
    started = time.monotonic()
    try:
        workers.run(
            selection.run,
            ended,
            command=tempest.WORKER,
            env=tempest.environment(workspace.resolve()),
            folder=workspace,
            concurrency=concurrency,
            stop=stop,
        )
    except RallycrossError as error:
        raise type(error)(f"after {len(results)} of {selection.total} tests: {error}") from error
    counts = Counter(result.status for result in results.values())
    return Totals(
        tests=len(results),
        passed=counts["success"] + counts["xfail"],
        failed=counts["fail"] + counts["uxsuccess"],
        skipped=counts["skip"],
        seconds=time.monotonic() - started,
    )


def _write(workspace: Path, text: str) -> None:
    """Write tempest.conf, which holds a password, so that it is nobody else's for a single moment."""
    for name in ("logs", "locks"):
        (workspace / name).mkdir(exist_ok=True)
    file = workspace / "tempest.conf"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)


def _environment(
    chosen: str, concurrency: int, facts: Facts, decided: configuration.Configuration, selection: Selection
) -> dict[str, Any]:
    """Return what a reader of the results may want to know of how they came about."""
    return {
        "verifier": f"tempest {tempest.tempest_version()}",
        "set": chosen,
        "concurrency": concurrency,
        "services": sorted(facts.services),
        "hypervisors": sorted(facts.hypervisor_types),
        "not_run": {test.name: reason for test, reason in selection.skipped},
        "options": decided.shown(),
    }
