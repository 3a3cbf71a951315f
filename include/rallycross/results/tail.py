"""Follows a sample file that is being written: what the live progress, and the decision to stop, are made from."""

from pathlib import Path

import pyarrow as pa


class Tail:
    """Reads what has come whole since the last time; what has been read but in part is read again, from its start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._head = b""  # the stream's schema
        self._dictionary = b""  # the newest one of the only column that has any: each takes the place of the last

    def read(self) -> list[pa.RecordBatch]:
        """Return the new batches; none where the file is not there yet."""
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
        return [batch for batch in batches if batch.num_rows]  # the end of a file is a batch of none


def _next(source: pa.BufferReader) -> pa.Message | None:
    """Return the next whole message of a stream."""
    try:
        return pa.ipc.read_message(source)
    except (EOFError, pa.ArrowInvalid, OSError):
        return None
