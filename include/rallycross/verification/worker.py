"""Runs batches of tests from standard input, and reports them in subunit v2 on standard output.

The verifier's own Python runs this file as a script. Rallycross may not be installed there, so nothing of it is
imported. A line of input is a JSON list of test ids; a packet named `batch done` asks for the next. The process ends at
the end of its input, or when its output is closed: it outlives its parent by one test at most.
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


class ParentPipe(io.FileIO):
    """An output that ends the process once its reader is gone."""

    def write(self, data: Any) -> int:
        """Write, or exit: a broken pipe means that the parent process is gone."""
        try:
            return int(super().write(data) or 0)
        except BrokenPipeError:
            os._exit(1)


def log_request_ids() -> None:
    """Append its request id to each log message: tempest only has it in an attribute of the record."""
    make = logging.Logger.makeRecord

    def make_record(logger: logging.Logger, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(logger, *args, **kwargs)
        if request_id := getattr(record, "request_id", None):
            record.msg = f"{record.msg} [{str(request_id).replace('%', '%%')}]"
        return record

    logging.Logger.makeRecord = make_record  # type: ignore[method-assign, assignment]


def main() -> None:
    """Run batches until the input ends."""
    log_request_ids()
    output = ParentPipe(os.dup(1), "wb")
    os.dup2(2, 1)  # the output of tests must not mix with the packets
    stream = StreamResultToBytes(output)
    for line in sys.stdin:
        ids = json.loads(line)
        loader = unittest.TestLoader()
        whole, names = loader.loadTestsFromNames(modules(ids)), {plain(name) for name in ids}
        suite = filter_by_ids(whole, {test.id() for test in iterate_tests(whole) if plain(test.id()) in names})
        if loader.errors:
            cannot_run(stream, ids, "\n".join(map(str, loader.errors)))
            continue
        # A new result for each batch: unittest keeps the last class in it, and would tear that down again.
        result = AutoTimingTestResultDecorator(ExtendedToStreamDecorator(stream))
        result.startTestRun()
        suite(result)
        result.stopTestRun()
        done(stream)


def cannot_run(stream: StreamResultToBytes, ids: list[str], why: str) -> None:
    """Report tests as failed because their module cannot be imported."""
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
