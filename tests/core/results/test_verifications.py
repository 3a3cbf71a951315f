"""Verifications in the store: begun, resumed, found, imported, with the history of each test."""

import pytest

from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.results.verifications import TakenOver
from rallycross.verification.test import TestResult


def begin(store: Store, uuid: str, *tests: TestResult, cloud: str = "c") -> None:
    """Store a verification with these tests."""
    store.verifications.begin(uuid, cloud=cloud, chosen="smoke", total=len(tests), request={"concurrency": 2})
    for test in tests:
        store.tests.record(uuid, test)
    store.verifications.end(uuid, status="finished")


def test_taking_up_keeps_what_has_ended(store: Store) -> None:
    """The next attempt knows the finished tests; the row runs again, with its request and its start."""
    begin(store, "u", TestResult("a", "success", 1.0, 2.0))
    before = store.verifications.get("u")
    assert store.verifications.take_up("u") == (1, frozenset({"a"}))
    row = store.verifications.get("u")
    assert row is not None
    assert before is not None
    assert (row.status, row.ended_at, row.stopping) == ("running", None, False)
    assert (row.started_at, row.request) == (before.started_at, {"concurrency": 2})


def test_beginning_anew_ends_what_ran_before(store: Store) -> None:
    """The tests of the earlier attempt are gone, and writes of that attempt are refused."""
    store.verifications.begin("u", cloud="c", chosen="smoke")
    attempt, _ = store.verifications.take_up("u")
    store.tests.record("u", TestResult("a", "success", 1.0, 2.0), attempt=attempt)
    store.verifications.begin("u", cloud="c", chosen="smoke")
    assert store.tests.of("u") == []
    with pytest.raises(TakenOver):
        store.tests.record("u", TestResult("b", "success", 1.0, 2.0), attempt=attempt)


def test_a_beat_tells_whether_to_stop(store: Store) -> None:
    """A sign of life returns whether the verification is asked to end."""
    store.verifications.begin("u", cloud="c", chosen="smoke")
    assert store.verifications.beat("u", 0) is False
    store.verifications.stop("u")
    assert store.verifications.beat("u", 0) is True


def test_a_verification_is_found_by_the_beginning_of_its_uuid(store: Store) -> None:
    """A verification is found by the start of its uuid or as `last`; none or several matches are refused."""
    for uuid in ("aa1", "aa2", "b1"):
        begin(store, uuid)
    assert store.verifications.find("b").uuid == "b1"
    assert store.verifications.find("last").uuid == "b1"
    with pytest.raises(RallycrossError, match="'aa': is ambiguous"):
        store.verifications.find("aa")
    for none in ("z", "", "%"):
        with pytest.raises(RallycrossError, match="does not exist"):
            store.verifications.find(none)


def test_the_latest_come_first(store: Store) -> None:
    """Verifications are listed latest first, of one cloud or of all, up to the limit."""
    begin(store, "one", cloud="c")
    begin(store, "two", cloud="d")
    begin(store, "three", cloud="c")
    assert [row.uuid for row in store.verifications.latest()] == ["three", "two", "one"]
    assert [row.uuid for row in store.verifications.latest(cloud="c", limit=1)] == ["three"]


def test_a_test_has_a_history(store: Store) -> None:
    """The history of a test has its result in each verification that ran it, latest first."""
    begin(store, "one", TestResult("a", "success", 1.0, 2.0), TestResult("b", "skip", 1.0, 0.0))
    begin(store, "two", TestResult("b", "success", 1.0, 2.0))
    begin(store, "three", TestResult("a", "fail", 1.0, 2.0), cloud="d")
    assert [(end.verification.uuid, end.test.status) for end in store.tests.history("a")] == [
        ("three", "fail"),
        ("one", "success"),
    ]
    assert [end.verification.uuid for end in store.tests.history("a", cloud="c")] == ["one"]
    assert store.tests.history("nothing") == []


def test_tests_are_counted_by_status(store: Store) -> None:
    """Tests are counted by status, also for a verification without tests."""
    begin(store, "one", TestResult("a", "success", 1.0, 2.0), TestResult("b", "fail", 1.0, 0.0))
    begin(store, "two")
    assert store.tests.counts(["one", "two"]) == {"one": {"success": 1, "fail": 1}, "two": {}}


def test_only_what_is_new_can_be_asked_for(store: Store) -> None:
    """A follower can read only the tests after a row."""
    begin(store, "u", TestResult("a", "success", 1.0, 2.0), TestResult("b", "fail", 1.0, 0.0))
    first, second = store.tests.of("u")
    assert [test.name for test in store.tests.of("u", after=first.id)] == ["b"]
    assert store.tests.of("u", after=second.id) == []


def test_an_imported_verification_is_finished(store: Store) -> None:
    """Its times are those of its tests, and it has no request to run again."""
    tests = [TestResult("a", "success", 100.0, 2.0), TestResult("b", "fail", 105.0, 4.0, traceback="x")]
    store.verifications.add("u", cloud="c", chosen="file.subunit", tests=tests, environment={"verifier": "imported"})
    row = store.verifications.get("u")
    assert row is not None
    assert (row.status, row.total, row.started_at, row.ended_at, row.request) == ("finished", 2, 100.0, 109.0, {})
    assert [test.name for test in store.tests.of("u")] == ["a", "b"]


def test_an_attempt_that_was_taken_over_does_not_end_the_one_that_runs(store: Store) -> None:
    """The end and the number of tests are refused from an older attempt."""
    store.verifications.begin("u", cloud="c", chosen="smoke")
    first, _ = store.verifications.take_up("u")
    store.verifications.take_up("u")
    with pytest.raises(TakenOver):
        store.verifications.end("u", status="crashed", error="it was suspended", attempt=first)
    with pytest.raises(TakenOver):
        store.verifications.describe("u", total=1, environment={}, attempt=first)
    row = store.verifications.get("u")
    assert row is not None
    assert (row.status, row.error) == ("running", "")
