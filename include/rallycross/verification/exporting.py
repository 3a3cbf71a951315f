"""Exports results as a subunit v2 stream."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime

from subunit import StreamResultToBytes

from rallycross.verification.test import TestResult


def subunit(results: Iterable[TestResult]) -> bytes:
    """Return results as a subunit v2 stream."""
    output = io.BytesIO()
    stream = StreamResultToBytes(output)
    for result in results:
        began = datetime.fromtimestamp(result.started, UTC)
        ended = datetime.fromtimestamp(result.started + result.seconds, UTC)
        stream.status(test_id=result.name, test_status="inprogress", timestamp=began)
        for name, text in (("reason", result.reason), ("traceback", result.traceback)):
            if text:
                stream.status(
                    test_id=result.name,
                    file_name=name,
                    file_bytes=text.encode(),
                    mime_type="text/plain; charset=utf8",
                    eof=True,
                    timestamp=ended,
                )
        stream.status(
            test_id=result.name, test_status=result.status, test_tags=set(result.tags) or None, timestamp=ended
        )
    return output.getvalue()
