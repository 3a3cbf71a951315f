"""Finding a free port, and reserving it until the server has bound it."""

import socket
import subprocess
import sys
from contextlib import closing

from rallycross.cli.airflow.ports import claimed, free_port, is_free

HOLD = """
import sys
from rallycross.cli.airflow.ports import claimed
with claimed([int(sys.argv[1])]) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


def test_a_port_that_only_others_addresses_have_is_taken() -> None:
    """A server on all addresses takes a port on loopback too."""
    with closing(socket.socket()) as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


def test_a_port_is_found_beyond_those_that_are_taken() -> None:
    """The search starts at the first port and finds the next free one."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_two_starts_at_once_get_different_ports() -> None:
    """A port that another process has reserved, or has bound, is not returned."""
    first = free_port(0)
    second, third = free_port(0), free_port(0)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == f"{first}\n"
        with socket.create_server(("127.0.0.1", second)), claimed([first, second, third]) as port:
            assert port == third
        with claimed([first]) as port:
            assert port is None
        other.kill()
        other.wait()
    with claimed([first]) as port:
        assert port == first
