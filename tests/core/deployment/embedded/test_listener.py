"""No password is told to another user who listens on a port of ours."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rallycross.cli.airflow.server import AirflowServer
from rallycross.deployment.embedded.on_host.listener import Listener, listener, stranger
from rallycross.errors import RallycrossError

NOBODY = 65534
LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
server.accept()[0].recv(100)
print("was told", flush=True)
"""


def this_process() -> list[int]:
    """Return the one process that is ours."""
    return [os.getpid()]


@pytest.fixture(name="strangers_port")
def _strangers_port() -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Have another user listen."""
    if os.geteuid() != 0:
        pytest.skip("acting as another user needs root: `./rallycross test` as root runs this test")
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    # Not our own Python: another user may not be able to run it.
    command = ["/usr/bin/python3", "-I", "-c", LISTEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/", **user) as stranger:  # type: ignore[call-overload]
        assert stranger.stdout is not None
        yield int(stranger.stdout.readline()), stranger
        stranger.kill()


def test_a_strangers_port_is_told_from_ours(strangers_port: tuple[int, object]) -> None:
    """A port of another user is foreign; our own port and an unused one are not."""
    with socket.create_server(("127.0.0.1", 0)) as ours:
        assert stranger(ours.getsockname()[1], this_process) == ""
        free = ours.getsockname()[1]
    assert stranger(free, list) == ""
    assert stranger(strangers_port[0], this_process) == "another user"


def test_another_program_of_this_user_is_a_stranger() -> None:
    """A port of a named process is ours; another process is reported with pid and command."""
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        try:
            assert stranger(port, lambda: [other.pid]) == ""
            assert stranger(port, this_process).startswith(f"process {other.pid} ({sys.executable}"[:60])
        finally:
            other.kill()


def test_a_socket_of_a_process_that_ends_is_no_strangers() -> None:
    """A socket without a process that closes soon is ignored; one that stays is of an unknown process."""
    one, other = socket.socketpair()
    with one, other:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            socket.send_fds(one, [b"x"], [server.fileno()])  # under way, it is open and nobody's
        assert stranger(port, this_process, ending=0.0) == "an unknown process"
        closing = threading.Timer(0.5, lambda: os.close(socket.recv_fds(other, 1, 1)[1][0]))
        closing.start()
        assert stranger(port, this_process) == ""
        closing.join()


def test_another_airflow_on_the_port_of_one_that_is_stopped(tmp_path: Path) -> None:
    """An Airflow that is stopped is seen as that, whoever has its port by now, and its password is not told there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "ports.json").write_text(json.dumps({"api": port}))
        server = AirflowServer(tmp_path)

        assert server.states() == []
        with pytest.raises(RallycrossError, match=rf"port {port} .* by process {os.getpid()} .*/rallycross down"):
            server.api()


def test_a_stranger_is_told_no_password(strangers_port: tuple[int, "subprocess.Popen[str]"], tmp_path: Path) -> None:
    """The API is not spoken to where another user listens; the message says what to do. A supervisor has no port."""
    port, stranger = strangers_port
    (tmp_path / "ports.json").write_text(json.dumps({"api": port}))
    server = AirflowServer(tmp_path)

    assert server.programs() == []
    with pytest.raises(RallycrossError, match=rf"port {port} .* by another user"):
        server.api()

    stranger.kill()
    assert stranger.stdout is not None
    assert stranger.stdout.read() == ""


def test_all_tables_are_looked_at(tmp_path: Path) -> None:
    """A listener on all addresses of IPv6 counts: it is reached by way of 127.0.0.1, too."""
    head = "  sl  local_address remote_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode\n"
    everywhere = "   0: " + "0" * 32 + ":1F90 " + "0" * 32 + ":0000 0A 00000000:00000000 00:00000000 00000000 {} 0 1\n"
    (tmp_path / "tcp").write_text(head)
    (tmp_path / "tcp6").write_text(head + everywhere.format(os.getuid() + 1))

    assert listener(8080, net=tmp_path) == Listener(os.getuid() + 1, "1")
    assert listener(8081, net=tmp_path) is None
