"""An OpenSSH server of a test's own: on loopback, with its own keys and configuration, leaving the machine as it is."""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
from debian import NoPackagesError, debian

# Where Debian's sshd confines its unprivileged half; it lies on a memory disk, and is made anew at each boot.
_CONFINEMENT = Path("/run/sshd")
_USERS, _CHANGE, _MADE = (Path(f"/tmp/rallycross-sshd-{name}") for name in ("users", "change", "made"))


class NoServerError(Exception):
    """There is no OpenSSH server, and none can be had."""


@contextmanager
def ssh_server(
    folder: Path, *, addresses: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, object]]:
    """Run a server; give what `paramiko.SSHClient.connect` needs to sign in as the user that runs the tests.

    It listens on `addresses` too, as servers of their own would; `environment` is what commands see, values plain.
    """
    sshd, env = _program(folder)
    port = _free_port()
    for name in ("host", "user"):
        key = paramiko.ECDSAKey.generate(bits=256)
        key.write_private_key_file(str(folder / name))
        (folder / f"{name}.pub").write_text(f"{key.get_name()} {key.get_base64()}\n")
    more = "".join(f"ListenAddress {address}:{port}\n" for address in addresses)
    if environment:
        more += f"SetEnv {' '.join(f'{key}={value}' for key, value in environment.items())}\n"
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n{more}"
    )
    with _confinement():
        with (folder / "sshd.log").open("wb") as log:
            server = subprocess.Popen([sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log, env=env)
        try:
            _wait_for(port, server, folder / "sshd.log")
            user = pwd.getpwuid(os.geteuid()).pw_name
            yield {"hostname": "127.0.0.1", "port": port, "username": user, "key_filename": str(folder / "user")}
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _confinement() -> Iterator[None]:
    """Have sshd's folder while a server runs; whoever is the last of those that run side by side takes it away."""
    if os.geteuid() != 0:
        yield
        return
    with _USERS.open("w") as users, _CHANGE.open("w") as change:
        fcntl.flock(change, fcntl.LOCK_EX)
        made = not _CONFINEMENT.exists()
        _CONFINEMENT.mkdir(mode=0o755, exist_ok=True)
        fcntl.flock(users, fcntl.LOCK_SH)
        if made:
            _MADE.touch()
        fcntl.flock(change, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(change, fcntl.LOCK_EX)
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _MADE.exists():
                    _MADE.unlink()
                    _CONFINEMENT.rmdir()


def connected(account: dict[str, object]) -> paramiko.SSHClient:
    """Sign in to the server with its own key alone."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(**account, allow_agent=False, look_for_keys=False)
    return client


def _program(folder: Path) -> tuple[str, dict[str, str]]:
    """Return sshd and the environment that it needs; unpacked from Debian's packages where it is not installed."""
    if found := shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"):
        return found, {"PATH": os.environ["PATH"]}
    try:
        tree = debian("openssh-server", "openssh-server", "libnss-wrapper")
    except NoPackagesError as error:
        raise NoServerError(f"OpenSSH's server cannot be had: {error}") from error
    # The package would have made this user; here only the server sees it.
    shutil.copy("/etc/group", folder / "group")
    (folder / "passwd").write_text(
        Path("/etc/passwd").read_text() + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    return str(tree.program("usr/sbin/sshd")), {
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": tree.environment["LD_LIBRARY_PATH"],
        "LD_PRELOAD": "libnss_wrapper.so",
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"sshd does not listen: {log.read_text()}")
