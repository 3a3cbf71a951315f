"""Ports of loopback: which are free, and kept from other starts until a server listens there."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

_SEARCHED = 100  # ports, one after the other, before any is taken that the system has


def is_free(port: int) -> bool:
    """Tell whether a server can be opened on this port of loopback, and none on all addresses has it."""
    for address in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - tried and closed, never listened on
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except (OSError, OverflowError):
                return False
    return True


def free_port(first: int) -> int:
    """Return the first free port from `first` on, or any when `first` is 0 or a hundred are taken."""
    return next(port for port in candidates(first) if is_free(port))


def candidates(first: int) -> Iterator[int]:
    """Yield the ports to try, from `first` on; those that the system has free come last, or alone where it is 0."""
    yield from range(first, first + _SEARCHED) if first else ()
    while True:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        yield port


@contextmanager
def claimed(ports: Iterable[int]) -> Iterator[int | None]:
    """Give the first free port that no other start has claimed, and keep it from those; None = there is none.

    A server binds its port only seconds after it was chosen. The claim is a name of the network that the port is of,
    not a file: whoever starts servers there sees it, and it ends with the process that has made it. It keeps out no
    program that does not ask for it.
    """
    for port in ports:
        with closing(socket.socket(socket.AF_UNIX)) as claim:
            if _named(claim, f"\0rallycross/port/{port}") and is_free(port):
                yield port
                return
    yield None


def _named(claim: socket.socket, name: str) -> bool:
    try:
        claim.bind(name)
    except OSError:
        return False
    return True
