"""Real processes run a small real test project, and their reports become results."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rallycross.verification import worker_pool
from rallycross.verification.command import VerificationStopped
from rallycross.verification.test import TestResult
from rallycross.verification.testid import TestId

RunProject = Callable[..., list[TestResult]]

EVERY_END = """
    import unittest

    class Ends(unittest.TestCase):
        def test_success(self):
            print("between the packets?")
        def test_fail(self):
            self.assertEqual(1, 2, "req-1234")
        def test_error(self):
            raise OSError("no such cloud")
        def test_skip(self):
            self.skipTest("no such service")
        @unittest.expectedFailure
        def test_expected(self):
            self.fail("known")
        @unittest.expectedFailure
        def test_unexpected(self):
            pass
"""


def by_name(results: list[TestResult]) -> dict[str, TestResult]:
    """Return the last result of each test."""
    return {result.name.rpartition(".")[2]: result for result in results}


def test_every_way_to_end_is_told_in_rally_s_words(run_project: RunProject) -> None:
    """Status, reason and traceback of a test are kept, even if the test prints."""
    names = ["success", "fail", "error", "skip", "expected", "unexpected"]
    ended = by_name(run_project(EVERY_END, [f"Ends.test_{name}" for name in names]))
    assert {name: result.status for name, result in ended.items()} == {
        "test_success": "success",
        "test_fail": "fail",
        "test_error": "fail",
        "test_skip": "skip",
        "test_expected": "xfail",
        "test_unexpected": "uxsuccess",
    }
    assert ended["test_skip"].reason == "no such service"
    assert "req-1234" in ended["test_fail"].traceback
    assert "OSError: no such cloud" in ended["test_error"].traceback
    assert "known" in ended["test_expected"].traceback
    assert not ended["test_success"].traceback


def test_only_what_was_planned_is_run(run_project: RunProject) -> None:
    """A test of the same class that was not selected does not run."""
    results = run_project(EVERY_END, ["Ends.test_success"])
    assert [result.name for result in results] == ["small.Ends.test_success"]


def test_times_are_the_tests_own(run_project: RunProject) -> None:
    """A result has the start and the duration of its test."""
    source = """
        import time, unittest
        class Slow(unittest.TestCase):
            def test_slow(self):
                time.sleep(0.3)
    """
    before = time.time()
    (result,) = run_project(source, ["Slow.test_slow"])
    assert before <= result.started <= time.time()
    assert result.seconds >= 0.3


def test_a_class_that_cannot_be_set_up_fails_all_its_tests(run_project: RunProject) -> None:
    """The error of setUpClass is the result of all planned tests of that class, and of no others."""
    source = """
        import unittest
        class Broken(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise RuntimeError("quota exceeded")
            def test_a(self): pass
            def test_b(self): pass
        class BrokenNot(unittest.TestCase):
            def test_c(self): pass
    """
    ended = by_name(run_project(source, ["Broken.test_a", "Broken.test_b", "BrokenNot.test_c"], concurrency=1))
    assert [ended[name].status for name in ("test_a", "test_b", "test_c")] == ["fail", "fail", "success"]
    assert "quota exceeded" in ended["test_b"].traceback


def test_a_class_that_skips_itself_skips_all_its_tests(run_project: RunProject) -> None:
    """The reason of a skip in setUpClass is the reason of each test."""
    source = """
        import unittest
        class Elsewhere(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise unittest.SkipTest("swift is not available")
            def test_a(self): pass
            def test_b(self): pass
    """
    results = run_project(source, ["Elsewhere.test_a", "Elsewhere.test_b"])
    assert [(result.status, result.reason) for result in results] == [("skip", "swift is not available")] * 2


def test_a_class_that_cannot_be_torn_down_fails_its_last_test(run_project: RunProject) -> None:
    """A failed tearDownClass fails the test that ended last, which is recorded again."""
    source = """
        import unittest
        class Sticky(unittest.TestCase):
            @classmethod
            def tearDownClass(cls):
                raise RuntimeError("network in use")
            def test_a(self): pass
            def test_b(self): pass
    """
    results = run_project(source, ["Sticky.test_a", "Sticky.test_b"])
    assert [(result.name[-1], result.status) for result in results] == [
        ("a", "success"),
        ("b", "success"),
        ("b", "fail"),
    ]
    assert "tearDownClass of small.Sticky" in results[-1].traceback
    assert "network in use" in results[-1].traceback


def test_each_class_is_set_up_and_torn_down_once(run_project: RunProject, tmp_path: Path) -> None:
    """A process tears down a class before it sets up the next."""
    source = """
        import pathlib, unittest
        def say(what):
            with (pathlib.Path(__file__).parent / "said").open("a") as file:
                file.write(what + " ")
        class First(unittest.TestCase):
            @classmethod
            def setUpClass(cls): say(f"+{cls.__name__}")
            @classmethod
            def tearDownClass(cls): say(f"-{cls.__name__}")
            def test_a(self): pass
        class Second(First): pass
        class Third(First): pass
    """
    results = run_project(source, ["First.test_a", "Second.test_a", "Third.test_a"], concurrency=1)
    assert [result.status for result in results] == ["success"] * 3
    assert (tmp_path / "said").read_text() == "+First -First +Second -Second +Third -Third "


def test_classes_run_side_by_side_and_are_not_split(run_project: RunProject) -> None:
    """Tests of a class share a process; two classes that wait for each other do not deadlock."""
    source = """
        import os, pathlib, time, unittest
        here = pathlib.Path(__file__).parent
        class Meets:
            def test_1(self):
                (here / f"{type(self).__name__}.{os.getpid()}").touch()
                end = time.monotonic() + 20
                while len({path.name.partition(".")[0] for path in here.glob("Meets*.*")}) < 2:
                    self.assertLess(time.monotonic(), end, "the other class did not run meanwhile")
                    time.sleep(0.02)
            def test_2(self):
                (here / f"{type(self).__name__}.{os.getpid()}").touch()
        class MeetsA(Meets, unittest.TestCase): pass
        class MeetsB(Meets, unittest.TestCase): pass
    """
    names = [f"{name}.{test}" for name in ("MeetsA", "MeetsB") for test in ("test_1", "test_2")]
    results = run_project(source, names)
    assert [result.status for result in results] == ["success"] * 4


def test_a_test_that_kills_its_process_fails_and_the_others_run(run_project: RunProject) -> None:
    """The test during which a process died fails, with the process's last lines; a new process runs the rest."""
    source = """
        import os, sys, unittest
        class Dies(unittest.TestCase):
            def test_a(self): pass
            def test_b(self):
                print("out of memory", file=sys.stderr, flush=True)
                os._exit(9)
            def test_c(self): pass
        class Other(unittest.TestCase):
            def test_d(self): pass
    """
    names = ["Dies.test_a", "Dies.test_b", "Dies.test_c", "Other.test_d"]
    results = run_project(source, names, concurrency=1)
    assert [(result.name[-1], result.status) for result in results] == [
        ("a", "success"),
        ("b", "fail"),
        ("c", "success"),
        ("d", "success"),
    ]
    assert "code 9" in results[1].traceback
    assert "out of memory" in results[1].traceback


def test_a_process_that_cannot_run_tests_ends_the_run(tmp_path: Path) -> None:
    """If a process dies outside a test, the run ends with the process's last lines."""
    with pytest.raises(worker_pool.WorkerDied, match=r"(?s)code 3.*no interpreter"):
        worker_pool.run(
            [TestId("small.A.test_a")],
            lambda _: None,
            command=("sh", "-c", "echo no interpreter >&2; exit 3"),
            env={"PATH": "/usr/bin:/bin"},
            folder=tmp_path,
            concurrency=1,
            stop=threading.Event(),
        )


def test_a_module_that_cannot_be_imported_fails_its_tests(run_project: RunProject) -> None:
    """An import error is the failure of each test of the module."""
    (result,) = run_project("import no_such_package", ["Any.test_a"])
    assert result.status == "fail"
    assert "no_such_package" in result.traceback


def test_a_test_that_is_not_there_has_failed(run_project: RunProject) -> None:
    """A planned test without a report has failed."""
    source = """
        import unittest
        class Here(unittest.TestCase):
            def test_a(self): pass
    """
    ended = by_name(run_project(source, ["Here.test_a", "Here.test_b"]))
    assert [ended[name].status for name in ("test_a", "test_b")] == ["success", "fail"]
    assert "ended without a result" in ended["test_b"].traceback


def test_a_test_is_known_by_its_name_whatever_its_attributes(run_project: RunProject) -> None:
    """A test runs and is reported although its attributes differ from those in the listing."""
    source = """
        import unittest
        class Tagged(unittest.TestCase):
            def test_a(self): pass
            def id(self): return super().id() + "[id-1,fast]"
    """
    (result,) = run_project(source, ["Tagged.test_a[id-1,slow]"])
    assert (result.name, result.status, result.tags) == ("small.Tagged.test_a", "success", ("fast", "id-1"))


def test_a_line_of_the_log_says_the_id_of_its_request(run_project: RunProject) -> None:
    """Log lines about requests have their request ids."""
    source = """
        import io, logging, unittest
        class Logs(unittest.TestCase):
            def test_a(self):
                out = io.StringIO()
                log = logging.getLogger("rest")
                log.addHandler(logging.StreamHandler(out))
                log.warning("%d GET /servers", 404, extra={"request_id": "req-1"})
                self.fail(out.getvalue())
    """
    (result,) = run_project(source, ["Logs.test_a"])
    assert "404 GET /servers [req-1]" in result.traceback


SLEEPS = """
    import os, pathlib, signal, subprocess, time, unittest
    class Sleeps(unittest.TestCase):
        def test_a(self): pass
        def test_b(self):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sleep", "300"])
            here = pathlib.Path(__file__).parent
            (here / "pids.new").write_text(f"{os.getpid()} {child.pid}")
            (here / "pids.new").rename(here / "pids")
            time.sleep(300)
"""


def alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int]) -> bool:
    """Tell whether all these processes are gone within a limit."""
    end = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


def written(path: Path) -> list[int]:
    """Wait for a file with pids; return them."""
    end = time.monotonic() + 30
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return [int(pid) for pid in path.read_text().split()]


def test_stop_ends_the_processes_and_their_children(run_project: RunProject, tmp_path: Path) -> None:
    """A stop also ends processes that ignore it, with their subprocesses."""
    stop = threading.Event()

    def stop_once_asleep() -> None:
        written(tmp_path / "pids")
        stop.set()

    watcher = threading.Thread(target=stop_once_asleep)
    watcher.start()
    with pytest.raises(VerificationStopped):
        run_project(SLEEPS, ["Sleeps.test_a", "Sleeps.test_b"], stop=stop)
    watcher.join()
    assert gone(written(tmp_path / "pids"))
    assert not (tmp_path / worker_pool.PIDS).exists()


def test_what_record_raises_ends_the_run(run_project: RunProject) -> None:
    """If a result cannot be stored, the error is raised, and the processes are ended."""

    def full(_: TestResult) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_project(SLEEPS, ["Sleeps.test_a", "Sleeps.test_b"], ended=full)


def test_processes_of_a_killed_run_are_ended_by_the_next(run_project: RunProject, tmp_path: Path) -> None:
    """The next run ends the processes that a killed run left, if they are still the same."""
    pid = os.fork()
    if pid == 0:
        try:
            run_project(SLEEPS, ["Sleeps.test_a", "Sleeps.test_b"])
        finally:
            os._exit(0)
    pids = written(tmp_path / "pids")
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert alive(pids[0])
    worker_pool.end_stale(tmp_path)
    assert gone(pids)
    worker_pool.end_stale(tmp_path)  # nothing to do, no complaint


def test_a_pid_that_was_given_to_another_is_left_alone(tmp_path: Path) -> None:
    """A process with the same pid and another start time is not ended."""
    (tmp_path / worker_pool.PIDS).write_text(f"{os.getpid()} 1\n")
    worker_pool.end_stale(tmp_path)
    assert not (tmp_path / worker_pool.PIDS).exists()


def test_batches_are_classes_the_largest_first() -> None:
    """No class is split, and the largest class comes first."""
    ids = [TestId(f"m.{name}") for name in ("A.test_1", "B.test_1", "A.test_2[smoke]", "C.test_1", "A.test_3")]
    assert [{test.class_name for test in batch} for batch in worker_pool.batches(ids)] == [{"m.A"}, {"m.B"}, {"m.C"}]
