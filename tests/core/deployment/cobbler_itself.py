"""Cobbler itself: its daemon, from PyPI, with systems that a test makes, and a power switch that keeps its orders.

Its files are at fixed places, /etc/cobbler among them. It has them in a mount namespace of its own, over the machine's,
which stays as it is; that takes root.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import time
import xmlrpc.client
from pathlib import Path
from typing import Any, Self

from own_environment import NoIndex, environment, free_port

__all__ = ["Cobbler", "NoIndex", "NoRootError"]

VERSION = "3.3.7"
USER, PASSWORD = "cobbler", "hush-hush"
# Without mod_wsgi and python-ldap, which are compiled, and not used by the daemon alone.
_NEEDS = ("requests", "pyyaml", "netaddr", "Cheetah3", "pymongo", "distro", "dnspython", "file-magic", "schema")
_START = r"""
set -eu
for folder in /etc /srv /usr/sbin /usr/share /var/lib /var/log; do
    mkdir -p "$STATE$folder/upper" "$STATE$folder/work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$STATE$folder/upper,workdir=$STATE$folder/work" "$folder"
done
rm -rf /etc/cobbler /var/lib/cobbler /var/log/cobbler
for folder in /etc /usr/share /var/lib; do cp -r "$FILES$folder/cobbler" "$folder"; done
mkdir -p /srv/www /srv/tftpboot /var/log/cobbler/tasks /var/log/cobbler/anamon /var/lib/cobbler/collections
cd /var/lib/cobbler/collections
mkdir -p distros profiles systems repos images mgmtclasses packages files menus
cp "$STATE/users.digest" /etc/cobbler/users.digest
sed -i "s/^xmlrpc_port:.*/xmlrpc_port: $PORT/" /etc/cobbler/settings.yaml
install -m 755 "$STATE/fence" /usr/sbin/fence_lab
exec "$PROGRAM" -F
"""
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private")
# What Cobbler starts to switch a system's power: orders come on its standard input, a line each.
_FENCE = """#!/bin/sh
sed 's/^password=.*/password=***/' | tr '\\n' ' ' >> {folder}/orders
echo >> {folder}/orders
[ ! -e {folder}/stuck ]
"""


class NoRootError(Exception):
    """Its files cannot be put where it looks for them."""


class Cobbler:
    """A running cobblerd, on loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.stuck = folder / "stuck"  # while it is there, no power switch obeys

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise NoRootError("Cobbler's files are at fixed places: run as root")
        installed = environment(f"cobbler-{VERSION}", [*_NEEDS, "setuptools<70"], ["--no-deps", f"cobbler=={VERSION}"])
        (self._folder / "users.digest").write_text(
            f"{USER}:Cobbler:{hashlib.sha3_512(PASSWORD.encode()).hexdigest()}\n"
        )
        (self._folder / "fence").write_text(_FENCE.format(folder=self._folder))
        (files,) = installed.glob("lib/python3*/site-packages")
        variables = {
            "STATE": str(self._folder),
            "FILES": str(files),
            "PORT": str(self._port),
            "PROGRAM": str(installed / "bin/cobblerd"),
        }
        with (self._folder / "cobblerd.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_ALONE, "bash", "-c", _START],
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._await_answer(60)
            self._have_profile()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def have(self, name: str, owner: str, **addresses: str) -> None:
        """Have a system of the profile `compute`, with these interfaces, whose power the switch switches."""
        handle = self.api.new_system(self._token)
        interfaces = {f"ipaddress-{interface}": address for interface, address in addresses.items()}
        values = {"name": name, "profile": "compute", "owners": [owner], "modify_interface": interfaces}
        power = {"power_type": "lab", "power_address": "192.0.2.9", "power_user": "bmc", "power_pass": "hush"}
        for key, value in {**values, **power, "power_id": name}.items():
            self.api.modify_system(handle, key, value, self._token)
        self.api.save_system(handle, self._token)

    def orders(self) -> list[str]:
        """Return what the power switch was told, such as `node-a off`."""
        file = self._folder / "orders"
        told = [dict(word.split("=", 1) for word in line.split()) for line in _lines(file)]
        return [f"{one['plug']} {one['action']}" for one in told]

    def _have_profile(self) -> None:
        self.api: Any = xmlrpc.client.ServerProxy(self.url)
        self._token = self.api.login(USER, PASSWORD)
        distro, profile = self.api.new_distro(self._token), self.api.new_profile(self._token)
        for file in ("vmlinuz", "initrd.img"):  # by their names it knows them for what they are
            (self._folder / file).write_bytes(b"boot")
        values = {"name": "debian", "kernel": str(self._folder / "vmlinuz"), "initrd": str(self._folder / "initrd.img")}
        for key, value in values.items():
            self.api.modify_distro(distro, key, value, self._token)
        self.api.save_distro(distro, self._token)
        for key, value in {"name": "compute", "distro": "debian"}.items():
            self.api.modify_profile(profile, key, value, self._token)
        self.api.save_profile(profile, self._token)

    def _await_answer(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            said = (self._folder / "cobblerd.log").read_text(errors="replace")[-3000:]
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
