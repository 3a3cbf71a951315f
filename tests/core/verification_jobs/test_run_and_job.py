"""Stored verifications are interrupted, resumed and stopped; no test is run twice, and none is lost."""

import os
import select
import signal
import stat
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.results.verifications import LOST_SECONDS, TakenOver
from rallycross.settings import Settings, settings
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult, outcomes
from rallycross.verification.verify import VerificationRequest
from rallycross.verification_jobs import job
from rallycross.verification_jobs.follow import StoppedFollowing, VerificationLost, follow, state
from rallycross.verification_jobs.request import begin, forget_secrets, request_of
from rallycross.verification_jobs.run import run

# Each test leaves a trace of its own, so that one that is run twice is seen; the classes outlast a kill in between.
TRACES = """
    import pathlib, time, unittest

    def leave(test):
        with (pathlib.Path(__file__).parent / "traces").open("a") as file:
            file.write(test.id() + chr(10))
        time.sleep(float((pathlib.Path(__file__).parent / "pause").read_text()))

    class Base:
        def test_1(self): leave(self)
        def test_2(self): leave(self)
        def test_3(self): leave(self)
        def test_4(self): leave(self)

    class A(Base, unittest.TestCase): pass
    class B(Base, unittest.TestCase): pass
    class C(Base, unittest.TestCase): pass
    class D(Base, unittest.TestCase): pass
"""
ALL = 16


class Kept:
    """A verification of a small project in a store of its own."""

    def __init__(self, folder: Path, cloud: VerifiableCloud, *, concurrency: int = 2) -> None:
        self.cloud, self.uuid = cloud.cloud(), str(uuid4())
        self.paths: Settings = settings({"RALLYCROSS_HOME": str(folder / "home")})
        self.store = Store.open(self.paths.results_url)
        self.project = Path(small_project(folder / "small", TRACES))
        self.pause(0.3)
        source = Source("project", str(self.project))
        standing_environment(self.paths.verifiers / "environments", source)
        request = VerificationRequest(Choice(set="full"), source, concurrency=concurrency)
        self.store.verifications.begin(self.uuid, cloud="small", chosen="full", request=request.data())

    def run(self, stop: threading.Event | None = None) -> None:
        """Run the verification in this process."""
        run(self.store, self.uuid, self.cloud, paths=self.paths, stop=stop or threading.Event())

    def ended(self) -> int:
        """Return how many tests have ended."""
        return len(self.store.tests.of(self.uuid))

    def until(self, ended: int) -> None:
        """Wait until this many tests have ended."""
        deadline = time.monotonic() + 120
        while self.ended() < ended:
            assert time.monotonic() < deadline, job.log_of(self.paths, self.uuid).read_text()
            time.sleep(0.05)

    def pause(self, seconds: float) -> None:
        """Set the duration of tests that begin from now on."""
        new = self.project / "tests" / "new"
        new.write_text(str(seconds))
        new.replace(new.with_name("pause"))

    def traces(self) -> Counter[str]:
        """Return how often each test began."""
        return Counter((self.project / "tests" / "traces").read_text().splitlines())


@pytest.fixture(name="kept")
def _kept(tmp_path: Path) -> Iterator[Kept]:
    with VerifiableCloud() as cloud:
        yield Kept(tmp_path, cloud)


def process_of(kept: Kept) -> int:
    """Return the pid of the process that runs a verification, from its log."""
    return int(job.log_of(kept.paths, kept.uuid).read_text().rpartition("process ")[2].split(",")[0])


def kill(pid: int) -> None:
    """Kill a process, and wait until it and its lock are gone."""
    gone = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([gone], [], [], 10)[0]
    finally:
        os.close(gone)


def test_a_run_is_kept_whole(kept: Kept) -> None:
    """The store has each test as it ends, and the end of the verification."""
    kept.run()
    row = kept.store.verifications.get(kept.uuid)
    assert row is not None
    assert (row.status, row.total, kept.ended()) == ("finished", ALL, ALL)
    assert row.environment["verifier"] == "small 1.0"
    assert set(kept.traces().values()) == {1}


def test_what_a_killed_run_had_done_is_not_done_again(kept: Kept) -> None:
    """After kill -9 the next attempt only runs the tests without a result."""
    job.start(kept.uuid, kept.cloud, paths=kept.paths)
    kept.until(5)
    kill(process_of(kept))
    done = {test.name for test in kept.store.tests.of(kept.uuid)}
    kept.run()
    traces = kept.traces()
    assert {name for name, times in traces.items() if times > 1}.isdisjoint(done)
    assert len(traces) == kept.ended() == ALL
    # Of each of the two processes: the test in its middle, and one whose end was told to nobody any more.
    assert sum(traces.values()) <= ALL + 4


def test_whoever_was_taken_for_dead_writes_no_more(kept: Kept) -> None:
    """The store refuses writes of an attempt that was taken over."""
    first, _ = kept.store.verifications.take_up(kept.uuid)
    second, _ = kept.store.verifications.take_up(kept.uuid)
    result = TestResult("a.b", "success", 1.0, 2.0)
    with pytest.raises(TakenOver, match=f"attempt {second} has taken over"):
        kept.store.tests.record(kept.uuid, result, attempt=first)
    with pytest.raises(TakenOver):
        kept.store.verifications.beat(kept.uuid, first)
    kept.store.tests.record(kept.uuid, result, attempt=second)
    assert kept.ended() == 1


def test_a_job_goes_on_without_whoever_started_it(kept: Kept) -> None:
    """A job finishes although the process that started it is killed at once."""
    pid = os.fork()
    if pid == 0:
        try:
            job.start(kept.uuid, kept.cloud, paths=kept.paths)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)  # whatever was raised, this is not to become a second pytest
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    seen: list[str] = []
    row = follow(
        kept.store,
        kept.uuid,
        on_test_end=lambda _, count, total: seen.append(f"{count}/{total}"),
        stop=threading.Event(),
    )
    assert row.status == "finished"
    assert seen[-1] == f"{ALL}/{ALL}"


def test_a_job_that_is_asked_to_stop_ends_and_says_so(kept: Kept) -> None:
    """A job that is asked to stop by the store ends within seconds; the rest of its tests can be run later."""
    job.start(kept.uuid, kept.cloud, paths=kept.paths)
    kept.until(2)
    kept.pause(60)  # so that no slow machine comes to the end before it has stopped
    kept.store.verifications.stop(kept.uuid)
    row = follow(kept.store, kept.uuid, on_test_end=lambda *_: None, stop=threading.Event())
    assert row.status == "crashed"
    assert "was stopped" in row.error
    assert kept.ended() < ALL
    kept.pause(0)
    kept.run()
    assert kept.ended() == ALL


def test_no_secret_of_the_cloud_is_in_a_job_s_arguments_or_log(kept: Kept) -> None:
    """The cloud's entry is passed through a pipe, so no secret is in arguments or log."""
    log = job.start(kept.uuid, kept.cloud, paths=kept.paths)
    kept.until(1)
    command = Path(f"/proc/{process_of(kept)}/cmdline").read_bytes()
    assert b"secret" not in command
    assert kept.uuid.encode() in command
    follow(kept.store, kept.uuid, on_test_end=lambda *_: None, stop=threading.Event())
    assert "secret" not in log.read_text()


def test_secret_options_reach_the_tests_and_not_the_results(kept: Kept) -> None:
    """The tests have the secret options, from an owner-only file, and the results do not."""
    asks = """
        class Asks(unittest.TestCase):
            def test_options(self):
                self.assertEqual((os.environ["A_TOKEN"], os.environ["COLOUR"]), ("hunter2", "red"))
    """
    module = kept.project / "tests" / "test_small.py"
    module.write_text(f"import os{module.read_text()}{textwrap.dedent(asks)}")
    options = {"A_TOKEN": "hunter2", "COLOUR": "red"}
    request = VerificationRequest(Choice(pattern="Asks"), Source("project", str(kept.project)), options=options)
    begin(kept.store, kept.uuid, "small", request, paths=kept.paths)
    job.start(kept.uuid, kept.cloud, paths=kept.paths)
    row = follow(kept.store, kept.uuid, on_test_end=lambda *_: None, stop=threading.Event())
    assert [test.status for test in kept.store.tests.of(kept.uuid)] == ["success"], row.error
    assert row.request["options"] == {"A_TOKEN": "***", "COLOUR": "red"}
    assert "hunter2" not in f"{row.request} {row.environment}"
    assert request_of(kept.store, kept.uuid, paths=kept.paths) == request
    [file] = (kept.paths.verifiers / "secrets").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    forget_secrets(kept.uuid, paths=kept.paths)
    with pytest.raises(RallycrossError, match="the values of A_TOKEN are secret"):
        kept.run()
    assert kept.store.verifications.find(kept.uuid).status == "crashed"


def test_one_that_says_nothing_for_long_is_lost(kept: Kept) -> None:
    """A run without a sign of life is lost, which its follower is told; a follower may also stop."""
    row = kept.store.verifications.get(kept.uuid)
    assert row is not None
    assert row.beat_at is not None
    assert state(row, row.beat_at + LOST_SECONDS - 1) == "running"
    assert state(row, row.beat_at + LOST_SECONDS + 1) == "lost"
    assert state(None, 0) == "none"
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedFollowing, match="after 0 of 0 tests"):
        follow(kept.store, kept.uuid, on_test_end=lambda *_: None, stop=stop)
    kept.store.verifications._change(kept.uuid, beat_at=1.0)
    with pytest.raises(VerificationLost, match="has died"):
        follow(kept.store, kept.uuid, on_test_end=lambda *_: None, stop=stop)


def test_what_was_never_begun_cannot_be_run(kept: Kept) -> None:
    """An unknown uuid is refused, and the message has it."""
    with pytest.raises(RallycrossError, match="verification nobody: does not exist"):
        run(kept.store, "nobody", kept.cloud, paths=kept.paths, stop=threading.Event())


def test_an_outcome_counts_what_was_expected_as_passed() -> None:
    """Expected failures pass, unexpected successes fail."""
    counts = {"success": 3, "xfail": 1, "fail": 2, "uxsuccess": 1, "skip": 5}
    assert outcomes(counts) == {"passed": 4, "failed": 3, "skipped": 5}
