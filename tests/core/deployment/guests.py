"""A guest for a hypervisor of the tests' own: Debian's kernel, the test hosts' tree as its disk, and no systemd.

Emulated, it answers by SSH after some ten seconds. It is made once and kept below the checkout's state; making it
needs root, and Debian's package sources.
"""

import fcntl
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from machines import NoMachinesError, base_tree

from rallycross.settings import settings

PASSWORD = "guest-of-honour"
_VERSION = 1  # of the guest: count it up when what is made below changes
_KERNEL = "linux-image-cloud-amd64"
# What the kernel needs to see its disk and its network, in the order of their need.
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
)
_LEFT_OUT = ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/lib/apt/lists", "var/cache")
_RAMDISK = """#!/bin/busybox sh
for name in {modules}; do busybox insmod /$name.ko; done
busybox mkdir /dev /disk
busybox mount -t devtmpfs dev /dev
until [ -b /dev/vda ]; do busybox sleep 0.1; done
busybox mount -t ext4 /dev/vda /disk
busybox mount --move /dev /disk/dev
exec busybox switch_root /disk /sbin/guest-init
"""
# Each guest has a host key of its own, made at its first boot.
_INIT = """#!/bin/bash
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts /run/sshd
mount -t devpts devpts /dev/pts
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
ip link set lo up
ip link set eth0 up
busybox udhcpc -i eth0 -t 20 -T 2 -b -s /sbin/guest-address
/usr/sbin/sshd -D -e
sync
"""
_ADDRESS = """#!/bin/bash
[ "$1" != bound ] || ip addr replace "$ip/$mask" dev "$interface"
"""


@dataclass(frozen=True)
class Guest:
    """The files that a domain boots from."""

    kernel: Path
    ramdisk: Path
    disk: Path  # ext4, sparse


def guest() -> Guest:
    """Return the guest, made at the first call: 10 s, 350 MB."""
    base = base_tree()
    folder = settings().home / "cache" / "guests" / f"{base.name}-{_VERSION}"
    made = Guest(folder / "kernel", folder / "ramdisk", folder / "disk")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as name:
                _make(Path(name), base)
                (Path(name) / "whole").rename(folder)
    return made


def _make(work: Path, base: Path) -> None:
    whole, packages = work / "whole", work / "packages"
    whole.mkdir()
    _run("apt-get", "download", "-q", _image_package(), "busybox-static", cwd=work)
    for package in work.glob("*.deb"):
        _run("dpkg-deb", "-x", str(package), str(packages))
    busybox = packages / "bin" / "busybox"
    (kernel,) = (packages / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, whole / "kernel")
    (whole / "ramdisk").write_bytes(_ramdisk(work / "ramdisk", packages, busybox))
    tree = work / "tree"
    _run("cp", "-a", str(base), str(tree))
    for path in _LEFT_OUT:
        shutil.rmtree(tree / path, ignore_errors=True)
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    shutil.copy(busybox, tree / "usr/bin/busybox")
    for name, text in {"guest-init": _INIT, "guest-address": _ADDRESS}.items():
        (tree / "usr/sbin" / name).write_text(text)
        (tree / "usr/sbin" / name).chmod(0o755)
    with (tree / "etc/ssh/sshd_config").open("a") as config:
        config.write("PermitRootLogin yes\n")
    _run("chroot", str(tree), "sh", "-c", f"echo root:{PASSWORD} | chpasswd")
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(whole / "disk"), "1G")


def _image_package() -> str:
    """Return the package that has the newest kernel in it."""
    words = ["apt-cache", "depends", _KERNEL]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    for line in ran.stdout.splitlines():
        if "Depends: linux-image-" in line:
            return line.split()[-1]
    raise NoMachinesError(f"the package sources have no {_KERNEL}")


def _ramdisk(folder: Path, packages: Path, busybox: Path) -> bytes:
    (folder / "bin").mkdir(parents=True)
    shutil.copy(busybox, folder / "bin/busybox")
    for name in _MODULES:
        (module,) = packages.rglob(f"{name}.ko")
        shutil.copy(module, folder)
    (folder / "init").write_text(_RAMDISK.format(modules=" ".join(_MODULES)))
    (folder / "init").chmod(0o755)
    names = "".join(f"{path.relative_to(folder)}\n" for path in sorted(folder.rglob("*")))
    ran = subprocess.run(
        [str(busybox), "cpio", "-o", "-H", "newc"], input=names.encode(), capture_output=True, check=True, cwd=folder
    )
    return ran.stdout


def _run(*command: str, cwd: Path | None = None) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if ran.returncode:
        raise NoMachinesError(f"{' '.join(command)}: {ran.stderr.strip()[-2000:]}")
