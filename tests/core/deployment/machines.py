"""Test hosts: systemd containers with an OpenSSH server, on a bridge in a network namespace of their own.

`with Machines(folder) as machines: server = machines.start("node-1")`. Needs root and a kernel with overlayfs, which is
where they stop to be had: `NoMachinesError` says so. The base image is made once and kept below the checkout's state.

Everything lives in namespaces that a keeper holds, of processes too. The keeper dies with the tests, and the kernel
ends all that is in its namespace: so nothing stays, whatever is killed.
The hosts reach package registries through a proxy of the tests' own.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import paramiko
from eventual import eventually
from proxy import Proxy

from rallycross.deployment.server import Server
from rallycross.settings import settings

_RELEASE = "bookworm"
_INCLUDE = "systemd,systemd-sysv,dbus,openssh-server,iproute2,python3-venv,sudo,ca-certificates,procps,util-linux"
_TOOLS = ("debootstrap", "systemd-container", "libsystemd-shared")
_VERSION = 1  # of the base image: count it up when what is made below changes
_GROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
_APART = f"""for at in {" ".join(_GROUPS)}; do
    [ ! -e $at/cgroup.procs ] || {{ mkdir -p "$at/$0" && echo 0 > "$at/$0/cgroup.procs"; }} || exit
done
exec "$@"
"""
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class NoMachinesError(Exception):
    """No test host can be started here."""


class Machines:
    """A bridge, and the hosts on it. The tests reach every host by its address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.key = folder / "key"

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise NoMachinesError("test hosts are containers: run as root")
        _remove_groups_of_the_dead()
        self._base = base_tree()
        self._folder.mkdir(parents=True, exist_ok=True)
        key = paramiko.ECDSAKey.generate(bits=256)
        key.write_private_key_file(str(self.key))
        self._public = f"{key.get_name()} {key.get_base64()}\n"
        # pdeathsig: the keeper, and with it its namespaces and all that is in them, goes when the tests go.
        namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
        self._keeper = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "sleep", "infinity"])
        try:
            own = Path("/proc/self/ns/net").readlink()
            _wait(lambda: Path(f"/proc/{self._keeper.pid}/ns/net").readlink() != own, "no namespace of a network")
            _wait(lambda: _below(self._keeper.pid), "no first process of the namespaces")
            (self._first,) = _below(self._keeper.pid)
            self._net = _free_net()
            self._wire()
            self._proxy = Proxy(f"{self._net}.254")
        except BaseException:
            self._keeper.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.stop(name)
        self._proxy.close()
        self._keeper.kill()
        self._keeper.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, name: str, *, plain: bool = False) -> Server:
        """Boot a host, and wait until it answers; one that was stopped comes back with what it held.

        `plain`: without systemd, and with the whole of the kernel, so that it can have containers itself.
        """
        number = self._numbers().get(name) or 1 + len(self._numbers())
        address = f"{self._net}.{number}"
        tree = self._folder / name / "tree"
        if not tree.exists():
            for part in ("tree", "upper", "work"):
                (self._folder / name / part).mkdir(parents=True)
            (self._folder / name / "number").write_text(str(number))
            overlay = f"lowerdir={self._base},upperdir={self._folder}/{name}/upper,workdir={self._folder}/{name}/work"
            self._inside("mount", "-t", "overlay", "overlay", "-o", overlay, str(tree))
            self._furnish(name, address)
        log = (self._folder / name / "console.log").open("ab")
        command, environment = self._plain(tree, name, address) if plain else self._booted(tree, name)
        self._running[name] = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._enter(), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        if plain:
            self._plug(self._running[name].pid, name)
        log.close()
        if not eventually(lambda: _answers(address) or self._running[name].poll() is not None):
            raise NoMachinesError(f"{name} does not come up: {self.console(name)[-2000:]}")
        if self._running[name].poll() is not None:
            raise NoMachinesError(f"{name} does not start: {self.console(name)[-2000:]}")
        return Server(name, address, "root", 22, str(self.key))

    def stop(self, name: str) -> None:
        """Pull the plug: nothing on the host gets to say a last word."""
        process = self._running.pop(name)
        tree = str(self._folder / name / "tree")
        # systemd-nspawn would shut its container down; killed, it takes the whole of it along.
        for pid in _inside_of(tree):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        for pid in (*_below(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        process.wait()
        time.sleep(0.2)
        _remove_group(_group(name))
        self._inside("ip", "link", "del", f"vb-{name}"[:15], check=False)

    def cut(self, name: str) -> None:
        """Pull the network cable: the host goes on, and nobody can reach it."""
        self._inside("ip", "link", "set", f"vb-{name}"[:15], "down")

    def mend(self, name: str) -> None:
        """Put the cable back."""
        self._inside("ip", "link", "set", f"vb-{name}"[:15], "up")

    def put(self, name: str, file: Path, path: str) -> None:
        """Copy a file of this machine's, however large, to a host that has been started; its holes stay holes."""
        target = f"{self._folder}/{name}/tree{path}"
        self._inside("mkdir", "-p", target.rpartition("/")[0])
        self._inside("cp", "--sparse=always", str(file), target)

    def console(self, name: str) -> str:
        """Return what a host has said while booting."""
        return (self._folder / name / "console.log").read_text(errors="replace")

    @staticmethod
    def _booted(tree: Path, name: str) -> tuple[list[str], dict[str, str]]:
        nspawn, environment = _program("systemd-nspawn")
        options = (
            f"--register=no --keep-unit -M {name} -D {tree} --boot --network-veth --network-bridge=br0"
            " --console=pipe --kill-signal=SIGRTMIN+3 --link-journal=no --resolv-conf=off --timezone=off"
        )
        # A systemd manages its control group and all below. Without a scope a container stays in the tests' own;
        # hosts that share one end each other's services of the same name.
        return ["sh", "-c", _APART, _group(name), nspawn, *options.split()], environment

    @staticmethod
    def _plain(tree: Path, name: str, address: str) -> tuple[list[str], dict[str, str]]:
        script = f"""set -e
            mount --make-rprivate /
            mount -t proc proc {tree}/proc
            mount -t sysfs sysfs {tree}/sys
            mount --rbind /sys/fs/cgroup {tree}/sys/fs/cgroup
            mount --rbind /dev {tree}/dev
            mount -t tmpfs tmpfs {tree}/run
            mkdir -p {tree}/run/sshd {tree}/run/lock
            cd {tree}
            pivot_root . mnt
            umount -l /mnt
            hostname {name}
            until [ -e /sys/class/net/host0 ]; do sleep 0.05; done
            ip link set lo up
            ip addr add {address}/24 dev host0
            ip link set host0 up
            exec /usr/sbin/sshd -D -e"""
        words = ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child=KILL", "sh", "-c", script]
        return words, dict(os.environ)

    def _plug(self, pid: int, name: str) -> None:
        """Put a cable between the bridge and the network namespace of a process."""
        others = {_net_of(self._keeper.pid), _net_of(os.getpid())}
        _wait(lambda: any(_net_of(one) not in others for one in _below(pid)), "no network of the container's own")
        inside = next(one for one in _below(pid) if _net_of(one) not in others)
        cable = f"vb-{name}"[:15]
        words = ("link", "add", cable, "type", "veth", "peer", "name", "host0", "netns", str(inside))
        # By the tests' own numbers of processes: in the keeper's namespace this one has another.
        _run("nsenter", "--target", str(self._first), "--net", "ip", *words)
        self._inside("ip", "link", "set", cable, "master", "br0", "up")

    def _wire(self) -> None:
        link = f"rc{self._keeper.pid}"
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", "out0", "netns", str(self._keeper.pid))
        _run("ip", "addr", "add", f"{self._net}.254/24", "dev", link)
        _run("ip", "link", "set", link, "up")
        for words in ("link add br0 type bridge", "link set out0 master br0 up", "link set br0 up", "link set lo up"):
            self._inside("ip", *words.split())
        self._inside("mount", "--make-rprivate", "/")

    def _furnish(self, name: str, address: str) -> None:
        """Give a host its name, address, key and proxy."""
        proxy = f"http://{self._net}.254:{self._proxy.port}"
        variables = {"http_proxy": proxy, "https_proxy": proxy, "SSL_CERT_FILE": _CERTIFICATES}
        variables |= {key: value for key, value in os.environ.items() if key in {"PIP_INDEX_URL", "UV_DEFAULT_INDEX"}}
        files = {
            "etc/hostname": f"{name}\n",
            "etc/hosts": f"127.0.0.1 localhost\n{address} {name}\n",
            "etc/systemd/network/10-host0.network": (
                f"[Match]\nName=host0\n[Network]\nAddress={address}/24\nGateway={self._net}.254\n"
                "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
            ),
            "root/.ssh/authorized_keys": self._public,
            "etc/environment": "".join(f"{key}={value}\n" for key, value in variables.items()),
            "etc/apt/apt.conf.d/50proxy": f'Acquire::http::Proxy "{proxy}";\nAcquire::https::Proxy "{proxy}";\n',
        }
        upper = self._folder / name / "upper"
        staging = self._folder / name / "staging"
        for path, text in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_text(text)
        (staging / "root/.ssh/authorized_keys").chmod(0o600)
        (staging / "root").chmod(0o700)
        (staging / "root/.ssh").chmod(0o700)
        self._inside("cp", "-a", f"{staging}/.", str(upper.with_name("tree")))

    def _numbers(self) -> dict[str, int]:
        return {file.parent.name: int(file.read_text()) for file in self._folder.glob("*/number")}

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._first), "--mount", "--net", "--pid"]

    def _inside(self, *command: str, check: bool = True) -> None:
        _run(*self._enter(), *command, check=check)


def _group(name: str) -> str:
    """Return the name of a host's control group."""
    return f"rallycross-{os.getpid()}-{name}"


def _remove_group(name: str) -> None:
    """Remove a control group whose processes have ended, with all below it."""
    for at in _GROUPS:
        for folder, _, _ in os.walk(f"{at}/{name}", topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()


def _remove_groups_of_the_dead() -> None:
    """Remove the control groups that tests have left which were killed."""
    found = {path.name for at in _GROUPS for path in Path(at).glob("rallycross-*-*")}
    for name in found:
        if not Path(f"/proc/{name.split('-')[1]}").exists():
            _remove_group(name)


def base_tree() -> Path:
    """Return the tree that every host starts from, made at the first call; 90 s and 400 MB."""
    return debian_tree(_RELEASE, f"{_RELEASE}-{_VERSION}", _INCLUDE, _serve)


def debian_tree(suite: str, name: str, include: str, finish: Callable[[Path], None]) -> Path:
    """Return the tree of a minimal Debian of a suite with these packages, made at the first call and kept as `name`.

    `finish` does the rest to a new one.
    """
    cache = settings().home / "cache" / "machines"
    cache.mkdir(parents=True, exist_ok=True)
    base = cache / name
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not base.exists():
            _tools(cache)
            part = cache / f"{base.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            debootstrap, environment = _program("debootstrap")
            # In mounts of its own: one that is killed would leave this machine's /proc below our folder.
            words = (debootstrap, "--variant=minbase", f"--include={include}", suite, str(part))
            _run("unshare", "--mount", "--propagation", "private", *words, env=environment)
            finish(part)
            if Path(_CERTIFICATES).exists():
                shutil.copy(_CERTIFICATES, part / _CERTIFICATES.lstrip("/"))
            with suppress(OSError):
                shutil.rmtree(part / "var/cache/apt/archives")
            part.rename(base)
    return base


def _serve(tree: Path) -> None:
    """Have a tree start what a test host needs, and nothing that would disturb it."""
    for unit in ("systemd-networkd.service", "ssh.service"):
        _run("chroot", str(tree), "systemctl", "enable", unit)
    unwanted = (
        "systemd-networkd-wait-online.service",
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "systemd-resolved.service",
    )
    _run("chroot", str(tree), "systemctl", "mask", *unwanted)


def _tools(cache: Path) -> None:
    """Unpack what this machine does not have."""
    if all(map(shutil.which, ("debootstrap", "systemd-nspawn"))):
        return
    _run("apt-get", "download", "-q", *_TOOLS, cwd=cache)
    _run("sh", "-c", "for deb in *.deb; do dpkg-deb -x $deb tools; done; rm -f *.deb", cwd=cache)


def _program(name: str) -> tuple[str, dict[str, str]]:
    """Return a program of the machine's, or the one that was unpacked, and the environment that it needs."""
    if found := shutil.which(name):
        return found, dict(os.environ)
    tools = settings().home / "cache" / "machines" / "tools" / "usr"
    (unpacked,) = tools.glob(f"*bin/{name}")
    return str(unpacked), {
        **os.environ,
        "DEBOOTSTRAP_DIR": str(tools / "share" / "debootstrap"),
        "LD_LIBRARY_PATH": ":".join(map(str, tools.glob("lib/*/systemd"))),
    }


def _free_net() -> str:
    """Return the first three numbers of a network that this machine does not know yet."""
    known = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
    for number in range(os.getpid() % 200, os.getpid() % 200 + 50):
        if f"10.77.{number}." not in known:
            return f"10.77.{number}"
    raise NoMachinesError("no network 10.77.x.0/24 is free")


def _answers(address: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        with suppress(OSError):
            probe.connect((address, 22))
            return probe.recv(4) == b"SSH-"
    return False


def _inside_of(tree: str) -> list[int]:
    """Return the first process of the container that has `tree` as its root: killing it ends them all."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if command[0].endswith(b"systemd") or command[0].endswith(b"init"):
                above = (Path("/proc") / str(parent) / "cmdline").read_bytes().split(b"\0")
                if tree.encode() in above:
                    found.append(int(entry.name))
    return found


def _below(pid: int) -> list[int]:
    """Return a process's children, and theirs, the nearest first; those that end meanwhile are left out."""
    found: list[int] = []
    with suppress(OSError):
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for child in found for below in _below(child)]


def _net_of(pid: int) -> Path | None:
    """Return the network namespace of a process; None where it has ended."""
    try:
        return Path(f"/proc/{pid}/ns/net").readlink()
    except OSError:
        return None


def _wait(true: Callable[[], object], what: str) -> None:
    if not eventually(true):
        raise NoMachinesError(f"{what} in 3 minutes")


def _run(*command: str, check: bool = True, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env)
    if check and ran.returncode:
        raise NoMachinesError(f"{' '.join(command)}: {ran.stderr.strip() or ran.stdout.strip()[-2000:]}")
