"""Runs batches of tests as they are asked for on standard input, and tells of them in subunit v2 on standard output.

Run as a script by the verifier's own Python, where Rallycross need not be installed: it imports nothing of it. A
line of input is a JSON list of test ids; a packet named `batch done` asks for the next. The process ends when its
input does, and so does not outlive whoever started it by more than one batch.
"""

import json
import os
import sys
import unittest

from stestr.subunit_runner.program import filter_by_ids
from subunit import StreamResultToBytes
from subunit.test_results import AutoTimingTestResultDecorator
from testtools import ExtendedToStreamDecorator


def modules(ids: list[str]) -> list[str]:
    """Return the modules that define these tests, in order."""
    names = (name.partition("[")[0].partition("(")[0] for name in ids)
    return list(dict.fromkeys(name.rsplit(".", 2)[0] for name in names))


def main() -> None:
    """Serve until the input ends."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a test prints must not get between the packets
    stream = StreamResultToBytes(output)
    for line in sys.stdin:
        ids = json.loads(line)
        loader = unittest.TestLoader()
        suite = filter_by_ids(loader.loadTestsFromNames(modules(ids)), set(ids))
        if loader.errors:
            sys.exit("\n".join(map(str, loader.errors)))
        # A result of its own for each: unittest keeps the class it was at there, and would tear it down once more.
        result = AutoTimingTestResultDecorator(ExtendedToStreamDecorator(stream))
        result.startTestRun()
        suite(result)
        result.stopTestRun()
        stream.status(file_name="batch done", file_bytes=b"-", eof=True)


if __name__ == "__main__":
    main()
