"""Messages over a pipe between two of our own processes: pickled, each preceded by its length."""

import pickle
import struct
from typing import IO, Any

_LENGTH = struct.Struct("!I")


def pack(message: Any) -> bytes:
    """Return a message as bytes for the pipe."""
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def receive(pipe: IO[bytes]) -> Any | None:
    """Wait for the next message and return it; None when the other end has closed, even within a message."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    [length] = _LENGTH.unpack(head)
    data = pipe.read(length)
    return pickle.loads(data) if len(data) == length else None  # noqa: S301 - our own process wrote it
