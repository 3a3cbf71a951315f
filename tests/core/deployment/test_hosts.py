"""What every host promises, held against this machine and against one behind a real SSH server."""

import os
import signal
import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest
from machines import Machines
from ssh_server import connected, ssh_server

from rallycross.deployment.connect import _why, connect
from rallycross.deployment.host import CommandFailed, Host, HostLost
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.ssh_host import SSHHost

# Kills the nearest sshd above the script, which serves this connection alone.
_KILL_SERVER = """
pid=$PPID
while [[ $(cat /proc/$pid/comm) != sshd* ]]; do read -r _ _ _ pid _ < /proc/$pid/stat; done
kill -9 $pid
sleep 5
"""


class Deaf(paramiko.ServerInterface):
    """An SSH server that lets everybody in, and has no answer to a command until it is `over`."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.answered = False

    def check_auth_none(self, username: str) -> int:  # noqa: ARG002 - paramiko's name
        """Let in."""
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - paramiko's names
        """Open any channel."""
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002 - likewise
        """Say nothing."""
        self.over.wait(60)
        self.answered = True
        return False


def test_a_command_that_a_server_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut while a command is sent is reported as lost, and not waited for forever."""
    monkeypatch.setenv("RALLYCROSS_SSH_LIMIT", "1")
    deaf, (ours, theirs) = Deaf(), socket.socketpair()
    server, client = paramiko.Transport(theirs), paramiko.Transport(ours)
    server.add_server_key(paramiko.ECDSAKey.generate(bits=256))
    try:
        server.start_server(event=threading.Event(), server=deaf)
        client.start_client(timeout=30)
        client.auth_none("anybody")
        connection = paramiko.SSHClient()
        connection._transport = client
        with pytest.raises(HostLost, match="deaf: the SSH connection failed"):
            SSHHost(connection, name="deaf").run("true")
        assert not deaf.answered
    finally:
        deaf.over.set()
        client.close()
        server.close()


def test_output_and_code_come_back_apart(host: Host) -> None:
    """stdout, stderr and the exit code of a script are returned separately, for any exit code."""
    ran = host.run("echo out; echo err >&2; exit 7", check=False)
    assert (ran.code, ran.out, ran.err) == (7, "out\n", "err\n")


def test_a_failure_names_host_code_and_last_words(host: Host) -> None:
    """What a failed command raises says where, with which code, and the last 20 lines, not the thousand before."""
    with pytest.raises(CommandFailed) as caught:
        host.run("seq 1000; echo this is why >&2; exit 3")
    message = str(caught.value)
    assert message.startswith(f"{host.name}: exit code 3:\n")
    assert message.endswith("    1000\n    this is why")
    assert len(message.splitlines()) == 21


@pytest.mark.parametrize("script", ["false; true", "false | true", "echo $nowhere", "if"])
def test_a_script_is_strict(host: Host, script: str) -> None:
    """A failing command, a failing pipe, an unset variable and a syntax error each end a script."""
    with pytest.raises(CommandFailed):
        host.run(script)


def test_what_a_script_starts_cannot_eat_it(host: Host) -> None:
    """A command that reads its standard input to the end does not swallow the lines of the script that follow."""
    assert host.run("cat\necho still here # a comment ends it").out == "still here\n"


def test_the_environment_is_clean(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script inherits paths, proxies and certificates, and no variable that is meant for this process."""
    ours = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "OS_CLOUD", "AIRFLOW_HOME", "RALLYCROSS_HOME")
    for name in ours:
        monkeypatch.setenv(name, "bent")
    names = {line.split("=")[0] for line in host.run("env").out.splitlines()}
    assert {"PATH", "HOME"} <= names
    assert not names & set(ours)


def test_proxies_and_certificates_reach_a_local_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a package download needs of the environment is kept."""
    from rallycross.deployment.local_host import LocalHost  # noqa: PLC0415

    kept = {"HTTPS_PROXY": "a", "no_proxy": "b", "SSL_CERT_FILE": "c", "UV_CACHE_DIR": "d", "PIP_CERT": "e"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    found = dict(line.split("=", 1) for line in LocalHost().run("env").out.splitlines())
    assert kept.items() <= found.items()


def test_the_limit_kills_children_and_all(host: Host, tmp_path: Path) -> None:
    """When the limit is over, what the script has started ends with it, and the message says so."""
    alive = tmp_path / "alive"
    script = f"(while :; do date +%N > {alive}; sleep 0.05; done) &\necho begun; wait"
    with pytest.raises(CommandFailed, match=rf"^{host.name}: not done within 1 s, and killed:\n    begun"):
        host.run(script, limit=1)
    time.sleep(0.2)
    last = alive.read_text()
    time.sleep(0.3)
    assert alive.read_text() == last


def test_a_daemon_is_not_waited_for(host: Host) -> None:
    """A script that leaves a process behind has ended when it has ended, even if that process holds its output."""
    ran = host.run("echo begun; sleep 30 & echo $!")
    os.kill(int(ran.out.split()[1]), signal.SIGKILL)  # raises when it is no more


def test_much_output_comes_whole(host: Host) -> None:
    """Megabytes on both outputs at once neither block nor get lost."""
    ran = host.run("head -c 3000000 /dev/zero | tr '\\0' x | tee /dev/stderr; echo; echo end >&2")
    assert (len(ran.out), len(ran.err)) == (3_000_001, 3_000_004)


def test_scripts_run_side_by_side(host: Host) -> None:
    """A dozen threads can use one host at once, and each gets its own answer."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: host.run(f"sleep 0.1; echo {number}").out, range(24)))
    assert answers == [f"{number}\n" for number in range(24)]


@pytest.mark.parametrize("content", ["", "grün\n", 'it\'s "quoted" $(here)\n' * 100_000])
def test_a_file_is_read_as_it_was_put(host: Host, tmp_path: Path, content: str) -> None:
    """A file comes back as it was put, below folders that were not there, with the mode that was asked for."""
    path = tmp_path / "a folder" / "it's" / "-file"
    host.put(str(path), "before\n" * 10)
    host.put(str(path), content, mode=0o600)
    assert host.read(str(path)) == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["-file"]


def test_bytes_are_put_as_they_are(host: Host, tmp_path: Path) -> None:
    """What is not text arrives unchanged."""
    content = bytes(range(256)) * 10
    host.put(str(tmp_path / "bytes"), content)
    assert (tmp_path / "bytes").read_bytes() == content


def test_a_file_that_cannot_be_put_leaves_nothing(host: Host, tmp_path: Path) -> None:
    """Writing a file fails if a folder is in its place, and leaves no partial file."""
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises((CommandFailed, OSError)):
        host.put(str(tmp_path / "taken"), "content")
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]


def test_no_file_is_told_as_such(host: Host, tmp_path: Path) -> None:
    """Reading a file that is not there raises `FileNotFoundError`."""
    with pytest.raises(FileNotFoundError):
        host.read(str(tmp_path / "none"))


def test_what_has_no_end_is_no_file(tmp_path: Path) -> None:
    """Reading a device, a pipe or a folder of this machine raises `FileNotFoundError` at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe"), str(tmp_path)):
        with pytest.raises(FileNotFoundError):
            LocalHost().read(path)


def test_a_lost_connection_is_told(tmp_path: Path) -> None:
    """Once the connection is gone, a command says so and names the host, instead of hanging."""
    with ssh_server(tmp_path) as account, connected(account) as client:
        lost = SSHHost(client, name="far")
        assert lost.run("echo here").out == "here\n"
        with pytest.raises(CommandFailed, match=r"^far: the SSH connection failed: .* - check the host"):
            lost.run(_KILL_SERVER)


def test_a_connection_that_has_died_unseen_is_made_anew(machines: Machines) -> None:
    """A host that was off without a last word, and is back, is signed in to again: nothing had been asked of it yet."""
    host = connect(machines.start("phoenix"))
    try:
        assert host.run("echo before").out == "before\n"
        machines.cut("phoenix")
        machines.stop("phoenix")
        machines.start("phoenix")
        assert host.run("echo after").out == "after\n"
    finally:
        host.close()
        machines.stop("phoenix")


def test_a_script_has_a_logins_umask_whoever_runs_it() -> None:
    """What a script installs can be read by all, also where Airflow runs it, whose own files are the owner's."""
    before = os.umask(0o077)
    try:
        assert LocalHost().run("umask").out == "0022\n"
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            paramiko.ssh_exception.NoValidConnectionsError(
                {("192.0.2.1", 22): ConnectionRefusedError(111, "Connection refused")}
            ),
            "connection refused",
        ),
        (TimeoutError("timed out"), "no answer within 15 s (RALLYCROSS_SSH_LIMIT)"),
        (OSError(113, "No route to host"), "no route to host"),
        (paramiko.ChannelException(2, "Connect failed"), "connect failed on the way through its `via`"),
        (EOFError(), "EOFError"),
    ],
)
def test_a_lost_host_is_told_in_words(error: Exception, words: str) -> None:
    """The reason of a failed connection is shown without error numbers."""
    assert _why(error) == words
