"""An OpenSSH server of a test's own: on loopback, with its own keys and configuration, leaving the machine as it is."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import paramiko

# Where Debian's sshd confines its unprivileged half; it lies on a memory disk, and is made anew at each boot.
_CONFINEMENT = Path("/run/sshd")


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
    makes = os.geteuid() == 0 and not _CONFINEMENT.exists()
    if makes:
        _CONFINEMENT.mkdir(mode=0o755)
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log, env=env)
    try:
        _wait_for(port, server, folder / "sshd.log")
        user = pwd.getpwuid(os.geteuid()).pw_name
        yield {"hostname": "127.0.0.1", "port": port, "username": user, "key_filename": str(folder / "user")}
    finally:
        server.terminate()
        server.wait()
        if makes:
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
    if not shutil.which("apt-get"):
        raise NoServerError("install OpenSSH's server")
    for command in (
        ["apt-get", "download", "-q", "openssh-server", "libwrap0", "libnss-wrapper"],
        ["sh", "-c", "for deb in *.deb; do dpkg-deb -x $deb unpacked; done"],
    ):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise NoServerError(f"apt-get install openssh-server; it could not be unpacked: {ran.stderr.strip()}")
    root = folder / "unpacked"
    # The package would have made this user; here only the server sees it.
    shutil.copy("/etc/group", folder / "group")
    (folder / "passwd").write_text(
        Path("/etc/passwd").read_text() + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    libraries = ":".join(str(path.parent) for path in root.rglob("lib*.so.*"))
    return str(root / "usr/sbin/sshd"), {
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": libraries,
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
