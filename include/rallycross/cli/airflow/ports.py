"""Finds free ports on loopback, and reserves them until a server listens there."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

_SEARCHED = 100  # consecutive ports that are tried before any other free one


def is_free(port: int) -> bool:
    """Return whether a port is free, both on loopback and on all addresses."""
    for address in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - tried and closed, never listened on
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except (OSError, OverflowError):
                return False
    return True


def free_port(first: int) -> int:
    """Return the first free port from `first` on; any free port if `first` is 0, or a hundred are taken."""
    return next(port for port in candidates(first) if is_free(port))


def candidates(first: int) -> Iterator[int]:
    """Yield ports to try: a hundred from `first` on (unless it is 0), then any free ports."""
    yield from range(first, first + _SEARCHED) if first else ()
    while True:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        yield port


@contextmanager
def claimed(ports: Iterable[int]) -> Iterator[int | None]:
    """Reserve and yield the first free port that no other start has reserved; None if there is none.

    A server binds its port only seconds after it was chosen. The reservation is an abstract socket in the port's
    network namespace: every start there sees it, and it ends with its process. Programs that do not check it can
    still take the port.
    """
    for port in ports:
        with closing(socket.socket(socket.AF_UNIX)) as claim:
            if _bound(claim, f"\0rallycross/port/{port}") and is_free(port):
                yield port
                return
    yield None


def _bound(claim: socket.socket, name: str) -> bool:
    try:
        claim.bind(name)
    except OSError:
        return False
    return True
