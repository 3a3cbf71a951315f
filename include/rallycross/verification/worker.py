"""Runs batches of tests as they are asked for on standard input, and tells of them in subunit v2 on standard output.

Run as a script by the verifier's own Python, where Rallycross need not be installed: it imports nothing of it. A
line of input is a JSON list of test ids; a packet named `batch done` asks for the next. The process ends when its
input does, or when nobody reads its output any more: it does not outlive whoever started it by more than one test.
"""

import io
import json
import logging
import os
import sys
import unittest
from datetime import UTC, datetime
from typing import Any

from stestr.subunit_runner.program import filter_by_ids
from subunit import StreamResultToBytes
from subunit.test_results import AutoTimingTestResultDecorator
from testtools import ExtendedToStreamDecorator, iterate_tests


def plain(test_id: str) -> str:
    """Return a test's name without its attributes, which may depend on the configuration."""
    return test_id.partition("[")[0] if test_id.endswith("]") else test_id


def modules(ids: list[str]) -> list[str]:
    """Return the modules that define these tests, in order."""
    names = (name.partition("[")[0].partition("(")[0] for name in ids)
    return list(dict.fromkeys(name.rsplit(".", 2)[0] for name in names))


class Listened(io.FileIO):
    """An output that somebody has to read: without, the process ends at once, before the next test begins."""

    def write(self, data: Any) -> int:
        """Write; a broken pipe says that whoever started this process is gone, and so is the use of running tests."""
        try:
            return int(super().write(data) or 0)
        except BrokenPipeError:
            os._exit(1)


def say_request_ids() -> None:
    """Have a line of the log say the id of the request that it tells of: tempest hands it on beside the message."""
    make = logging.Logger.makeRecord

    def make_record(logger: logging.Logger, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(logger, *args, **kwargs)
        if request_id := getattr(record, "request_id", None):
            record.msg = f"{record.msg} [{str(request_id).replace('%', '%%')}]"
        return record

    logging.Logger.makeRecord = make_record  # type: ignore[method-assign, assignment]


def main() -> None:
    """Serve until the input ends."""
    say_request_ids()
    output = Listened(os.dup(1), "wb")
    os.dup2(2, 1)  # what a test prints must not get between the packets
    stream = StreamResultToBytes(output)
    for line in sys.stdin:
        ids = json.loads(line)
        loader = unittest.TestLoader()
        whole, names = loader.loadTestsFromNames(modules(ids)), {plain(name) for name in ids}
        suite = filter_by_ids(whole, {test.id() for test in iterate_tests(whole) if plain(test.id()) in names})
        if loader.errors:
            cannot_run(stream, ids, "\n".join(map(str, loader.errors)))
            continue
        # A result of its own for each: unittest keeps the class it was at there, and would tear it down once more.
        result = AutoTimingTestResultDecorator(ExtendedToStreamDecorator(stream))
        result.startTestRun()
        suite(result)
        result.stopTestRun()
        done(stream)


def cannot_run(stream: StreamResultToBytes, ids: list[str], why: str) -> None:
    """Tell of tests that have failed because their module cannot be imported."""
    for name in ids:
        now = datetime.now(UTC)
        stream.status(test_id=name, test_status="inprogress", timestamp=now)
        stream.status(test_id=name, file_name="traceback", file_bytes=why.encode(), mime_type="text/plain", eof=True)
        stream.status(test_id=name, test_status="fail", timestamp=now)
    done(stream)


def done(stream: StreamResultToBytes) -> None:
    """Ask for the next batch."""
    stream.status(file_name="batch done", file_bytes=b"-", eof=True)


if __name__ == "__main__":
    main()
