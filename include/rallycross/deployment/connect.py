"""Signs in to servers by SSH. It is separate from `server` so that importing `server` does not load paramiko."""

import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
from paramiko.ssh_exception import NoValidConnectionsError

from rallycross.deployment.host import HostLost, SignInRefused
from rallycross.deployment.server import Server
from rallycross.deployment.ssh_host import SSHHost
from rallycross.disk import naming
from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.settings import settings
from rallycross.userfile import read_bytes

_ALIVE = 10  # seconds between keepalive messages on an idle connection
_known = threading.Lock()  # one thread at a time may use the known-hosts file


def connect(server: Server, *, known_hosts: Path | None = None, jump_host: SSHHost | None = None) -> SSHHost:
    """Sign in; raise `RallycrossError` with what to do if that is refused, or `HostLost` if the host does not answer.

    A host's first key is kept in `known_hosts`, and no other key is accepted later. `jump_host` is the connection to
    the server's `via`.
    """
    host = SSHHost(None, name=server.name, again=_opener(server, known_hosts, jump_host))
    host.sign_in()
    return host


def forget_key(server: Server, known_hosts: Path) -> None:
    """Remove a host's key from the known hosts: a reinstalled host will show another key."""
    name = server.host if server.port == 22 else f"[{server.host}]:{server.port}"
    with _known:
        if known_hosts.exists():
            lines = known_hosts.read_text().splitlines(keepends=True)
            kept = "".join(line for line in lines if line.split(" ", 1)[0] != name)
            write_owner_only(known_hosts, kept)


def _opener(server: Server, known_hosts: Path | None, jump_host: SSHHost | None) -> Callable[[], paramiko.SSHClient]:
    def open_() -> paramiko.SSHClient:
        client, limit = paramiko.SSHClient(), settings().ssh_limit
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        where = f"{server.name} ({server.user}@{server.host}:{server.port})"
        key = _private_key(server, where)
        try:
            if known_hosts:
                with _known:
                    known_hosts.parent.mkdir(parents=True, exist_ok=True)
                    known_hosts.touch(mode=0o600)
                    client.load_host_keys(str(known_hosts))
            client.connect(
                server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                pkey=key,
                allow_agent=key is None and server.password is None,
                look_for_keys=key is None and server.password is None,
                timeout=limit,
                banner_timeout=limit,
                auth_timeout=limit,
                sock=jump_host.channel_to(server.host, server.port) if jump_host else None,
            )
        except paramiko.BadHostKeyException as error:
            raise RallycrossError(
                f"{where}: its host key has changed - if it was reinstalled, remove its line from {known_hosts}"
            ) from error
        except paramiko.AuthenticationException as error:
            by = f"the key {server.key}" if key else "the password" if server.password else "every available key"
            raise SignInRefused(f"{where}: SSH refuses {by} - set the right `key` or `password`") from error
        except (OSError, paramiko.SSHException, EOFError) as error:
            raise HostLost(f"{where}: cannot be reached: {_why(error)} - check the host") from error
        if transport := client.get_transport():
            transport.set_keepalive(_ALIVE)
        return client

    return open_


def _why(error: Exception) -> str:
    """Return why there is no connection, in plain words."""
    if isinstance(error, NoValidConnectionsError):  # its own text does not name the cause
        return ", ".join(sorted({_why(one) for one in error.errors.values()}))
    if isinstance(error, paramiko.ChannelException):  # the `via` server has answered, but cannot connect onwards
        return f"{error.text.lower()} on the way through its `via`"
    if isinstance(error, TimeoutError):
        return f"no answer within {settings().ssh_limit:g} s (RALLYCROSS_SSH_LIMIT)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _private_key(server: Server, where: str) -> paramiko.PKey | None:
    """Return the server's private key, or None; raise `RallycrossError` if it cannot be used."""
    if server.key is None:
        return None
    try:
        path = Path(server.key).expanduser()
        read_bytes(path)  # refuses devices and pipes, which paramiko would read without end
        return paramiko.PKey.from_path(path)
    except Exception as error:
        # For a file that is not a key, paramiko raises a dozen kinds of exceptions.
        why = "needs a passphrase" if "assword" in str(error) else "cannot be read"
        raise RallycrossError(
            f"{where}: the key {server.key} {why} - set `key` to a private key without passphrase, or use an SSH agent"
        ) from error


def key_at(path: Path) -> Path:
    """Return the path of our private key, creating it and its public key (`.pub`) if it does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        key = paramiko.ECDSAKey.generate(bits=256)
        with naming(path):
            key.write_private_key_file(str(part))
            path.with_suffix(".pub").write_text(f"{key.get_name()} {key.get_base64()} rallycross\n")
            part.rename(path)
    return path
