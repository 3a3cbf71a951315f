"""Grouping failed tests by cause."""

from rallycross.judging.causes import cause, causes, raised, request_ids
from rallycross.results.models import TestRow

LOG = "2026-11-24 13:53:55,725 28382 INFO     [tempest.lib.common.rest_client] Request (A:test_b): 404 GET http://127.0.0.1:1/v2"
ONE = f"""Traceback (most recent call last):
  File "a.py", line 29, in test_b
    self.client.show(server)
tempest.lib.exceptions.NotFound: Object not found
Details: (A:test_b) no server 3b22247b-0cc1-49e6-a4f5-a14454d0c9a5
{LOG} 0.127s [req-c2862079-d980-41c1-858d-077d1d00b868]
{LOG} 0.200s [req-c2862079-d980-41c1-858d-077d1d00b868]
{LOG} 0.300s [req-47c6e2ce-1fe9-403e-b5f2-475c81a8cd51]"""
CHAIN = """Traceback (most recent call last):
  File "a.py", line 1, in inner
    open("x")
FileNotFoundError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 2, in outer
    raise RuntimeError("no configuration")
RuntimeError: no configuration
Traceback (most recent call last):
  File "a.py", line 9, in tearDown
    clean()
OSError: what a clean-up met afterwards"""


def failed(name: str, traceback: str, status: str = "fail") -> TestRow:
    """Return a test that has failed."""
    return TestRow(name=name, status=status, traceback=traceback, seconds=1.0, started_at=0.0, tags=[], reason="")


def test_a_cause_is_what_was_raised_without_what_differs() -> None:
    """A cause has no ids, no name of the test, and no log."""
    assert raised(ONE).endswith("no server 3b22247b-0cc1-49e6-a4f5-a14454d0c9a5")
    assert cause(ONE) == "tempest.lib.exceptions.NotFound: Object not found\nDetails: no server <uuid>"


def test_of_a_chain_the_last_exception_counts() -> None:
    """The cause is the last exception of a chain, and not that of a clean-up."""
    assert raised(CHAIN) == "RuntimeError: no configuration"


def test_failures_with_the_same_cause_are_one_group() -> None:
    """Tests with the same cause are one group, and larger groups come first."""
    other = ONE.replace("3b22247b", "00000000").replace("A:test_b", "B:test_c")
    found = causes(
        [
            failed("x", CHAIN),
            failed("a", ONE),
            failed("b", other),
            failed("ok", "", "success"),
            failed("u", "", "uxsuccess"),
        ]
    )
    assert [[test.name for test in group.tests] for group in found] == [["a", "b"], ["x"], ["u"]]
    assert found[-1].message == "passed, although it was expected to fail"


def test_a_failure_without_a_traceback_has_a_cause() -> None:
    """Without a traceback the reason is the cause, or a note that there is none."""
    assert cause("its process ended with code -9 during this test") == "its process ended with code -9 during this test"
    assert cause("") == "no reason was recorded"


def test_request_ids_are_found_once_each_in_order() -> None:
    """Each request id is found once, in order."""
    assert request_ids(ONE) == ["req-c2862079-d980-41c1-858d-077d1d00b868", "req-47c6e2ce-1fe9-403e-b5f2-475c81a8cd51"]
