"""A bare Debian of a suite, with a copy of this checkout in it: as a user has it who has just cloned.

`with BareDebian("trixie", folder) as system: system.run("./rallycross demo", limit=1800)`. Needs root and a kernel with
overlayfs; `NoMachinesError` says so. It shares the network of the machine, and nothing else.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from machines import NoMachinesError, debian_tree

from rallycross.settings import CHECKOUT

# What README.md asks for, no more. Python's venv is not: the `rallycross` command installs it where it is missing.
_INCLUDE = "python3,ca-certificates"
_LEFT_OUT = (".venv", ".rallycross", ".git", "*_cache", "__pycache__", ".hypothesis", "node_modules", "build")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class BareDebian:
    """A Debian in namespaces of its own; all that runs in it ends with it."""

    def __init__(self, suite: str, folder: Path) -> None:
        self._suite, self._folder = suite, folder

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise NoMachinesError("a Debian beside the machine's is a container: run as root")
        base = debian_tree(self._suite, f"bare-{self._suite}-1", _INCLUDE, lambda _: None)
        parts = [self._folder / name for name in ("tree", "upper", "work")]
        for part in parts:
            part.mkdir(parents=True)
        tree, upper, work = parts
        checkout = self._folder / "rallycross"
        shutil.copytree(CHECKOUT, checkout, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        script = f"""set -e
            mount --make-rprivate /
            mount -t overlay overlay -o lowerdir={base},upperdir={upper},workdir={work} {tree}
            mount -t proc proc {tree}/proc
            mount -t sysfs sysfs {tree}/sys
            mount --rbind /dev {tree}/dev
            mount -t tmpfs -o mode=1777 tmpfs {tree}/tmp
            mkdir {tree}/root/rallycross
            mount --bind {checkout} {tree}/root/rallycross # an overlay cannot lie on another
            cp -L /etc/resolv.conf /etc/hosts {tree}/etc/
            echo ready
            exec sleep infinity"""
        # pdeathsig: the keeper, and with it all that is in its namespaces, goes when the tests go.
        namespaces = ["unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child=KILL"]
        words = ["setpriv", "--pdeathsig", "KILL", *namespaces, "sh", "-c", script]
        self._keeper = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "ready\n":
            self._keeper.kill()
            raise NoMachinesError(
                "a Debian beside the machine's cannot be mounted: overlayfs is missing, or not allowed"
            )
        (children,) = Path(f"/proc/{self._keeper.pid}/task").glob("*/children")
        self._first = int(children.read_text().split()[0])
        self._tree = tree
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._first, signal.SIGKILL)  # the first process of the namespace takes all others along
        self._keeper.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, command: str, *, limit: float) -> subprocess.CompletedProcess[str]:
        """Run a command of bash in the checkout, as root, with a login's environment; both outputs in one."""
        # Where an index of packages is known only here, or by a certificate of its own.
        known = {name: os.environ[name] for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX") if name in os.environ}
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "USER": "root",
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": _CERTIFICATES,
            **known,
        }
        inside = ["nsenter", "--target", str(self._first), "--mount", "--pid", "--uts", "chroot", str(self._tree)]
        words = [*inside, "/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return subprocess.run(
            [*words, "bash", "-c", f"cd /root/rallycross && {command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=limit,
        )
