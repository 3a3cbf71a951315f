"""Follows a sample file that is being written, for live progress and for the decision to abort."""

from pathlib import Path

import pyarrow as pa


class Tail:
    """Reads the batches added since the last read. An unfinished batch is read again from its start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._head = b""  # the stream's schema
        self._dictionary = b""  # the newest dictionary of the only column with one

    def read(self) -> list[pa.RecordBatch]:
        """Return the new batches; none if the file does not exist yet."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        batches = []
        source = pa.BufferReader(data)
        start = 0
        while (message := _next(source)) is not None:
            end = source.tell()
            frame, start = data[start:end], end
            match message.type:
                case "schema":
                    self._head = frame
                case "dictionary":
                    self._dictionary = frame
                case _:
                    batches.append(pa.ipc.open_stream(self._head + self._dictionary + frame).read_next_batch())
        self._offset += start
        return [batch for batch in batches if batch.num_rows]  # a file ends with an empty batch


def _next(source: pa.BufferReader) -> pa.Message | None:
    """Return the next whole message of a stream, or None."""
    try:
        return pa.ipc.read_message(source)
    except (EOFError, pa.ArrowInvalid, OSError):
        return None
