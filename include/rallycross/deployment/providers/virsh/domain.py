"""Clones a domain: libvirt's XML of the clone and of its volumes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from rallycross.errors import RallycrossError

# The attributes in which a disk's source can have its path.
_SOURCES = ("file", "dev")
_FILES = ("dir", "fs", "netfs")  # types of pools whose volumes are files


@dataclass(frozen=True)
class Volume:
    """A disk of a clone: always a qcow2 file in a pool."""

    name: str
    base: str  # path of the template's disk
    format: str  # of the template's disk


@dataclass(frozen=True)
class Clone:
    """A domain to be defined."""

    name: str
    uuid: str
    mac: str  # of its first interface
    xml: str  # its definition
    volumes: tuple[Volume, ...]


def first_disk(template: str) -> str:
    """Return the path of the template's first disk that is cloned; raise `RallycrossError` if there is none."""
    for _, volume in _volumes(_parsed(template), ""):
        return volume.base
    raise RallycrossError("the template has no writable disk - use a template that has its system on a disk")


def folder(pool: str) -> str:
    """Return the folder of the pool whose XML is `pool`; raise `RallycrossError` if its volumes are not files."""
    found = _parsed(pool)
    path = found.findtext("target/path")
    if found.get("type") not in _FILES or not path:
        raise RallycrossError(
            f"pool {found.findtext('name')} is of type {found.get('type')}, whose volumes are not files - set `pool` to"
            f" one of type {', '.join(_FILES)}"
        )
    return path.rstrip("/")


def clone(template: str, *, name: str, uuid: str, folder: str) -> Clone:
    """Return a clone of the domain whose inactive XML is `template`; raise `RallycrossError` if it cannot be cloned.

    The clone's disks will be in `folder`.
    """
    domain = _parsed(template)
    _set(domain, "name", name)
    _set(domain, "uuid", uuid)
    _set(domain, "description", "made by Rallycross, which destroys it, too")
    _part(domain)
    macs = _with_macs(domain, uuid)
    volumes = []
    for disk, volume in _volumes(domain, f"{name}-{uuid[:8]}"):
        volumes.append(volume)
        _put(disk, f"{folder}/{volume.name}")
    return Clone(name, uuid, macs[0], ET.tostring(domain, encoding="unicode"), tuple(volumes))


def volume_xml(volume: Volume, *, linked: bool) -> str:
    """Return the definition of a volume: if `linked`, the template's disk is its backing store, else it is a copy."""
    made = ET.Element("volume")
    _set(made, "name", volume.name)
    ET.SubElement(ET.SubElement(made, "target"), "format", type="qcow2")
    if linked:
        backing = ET.SubElement(made, "backingStore")
        _set(backing, "path", volume.base)
        ET.SubElement(backing, "format", type=volume.format)
    return ET.tostring(made, encoding="unicode")


def _part(domain: ET.Element) -> None:
    """Remove what two domains cannot share; libvirt then chooses new values."""
    for title in domain.findall("title"):
        domain.remove(title)
    for path in ("os/nvram", "genid"):  # the first has the variables of an EFI firmware
        for found in domain.findall(path):
            found.text = None
    for system in domain.iterfind("sysinfo/system"):
        for entry in system.findall("entry[@name='uuid']"):
            system.remove(entry)
    for graphics in domain.iterfind("devices/graphics[@port]"):
        graphics.set("port", "-1")
        graphics.set("autoport", "yes")
        graphics.attrib.pop("tlsPort", None)
    for source in domain.iterfind("devices/channel[@type='unix']/source[@mode='bind']"):
        source.attrib.pop("path", None)


def _with_macs(domain: ET.Element, uuid: str) -> list[str]:
    """Give each interface a new MAC address, and return the addresses."""
    macs = []
    for number, interface in enumerate(domain.iterfind("devices/interface")):
        for mac in interface.findall("mac"):
            interface.remove(mac)
        macs.append(_mac(uuid, number))
        ET.SubElement(interface, "mac", address=macs[-1])
    if not macs:
        raise RallycrossError("the template has no network interface - give it one that the host can reach")
    return macs


def _volumes(domain: ET.Element, prefix: str) -> Iterator[tuple[ET.Element, Volume]]:
    """Yield each writable disk of a domain, with the clone's volume for it."""
    for disk in domain.iterfind("devices/disk"):
        shared = any(disk.find(word) is not None for word in ("readonly", "shareable"))
        if shared or disk.get("device", "disk") != "disk":
            continue
        target, source, driver = disk.find("target"), disk.find("source"), disk.find("driver")
        device = "" if target is None else target.get("dev", "")
        path = next((source.attrib[key] for key in _SOURCES if source is not None and key in source.attrib), None)
        if path is None:
            raise RallycrossError(
                f"the template's disk {device} is neither a file nor a block device - use another template"
            )
        yield disk, Volume(f"{prefix}-{device}.qcow2", path, "raw" if driver is None else driver.get("type", "raw"))


def _put(disk: ET.Element, path: str) -> None:
    """Replace a disk by a file."""
    for word in ("source", "backingStore", "driver"):
        for found in disk.findall(word):
            disk.remove(found)
    # Not type "volume": the AppArmor profile of QEMU in Debian and Ubuntu does not have a rule for it.
    disk.set("type", "file")
    ET.SubElement(disk, "driver", name="qemu", type="qcow2")
    ET.SubElement(disk, "source", file=path)


def _mac(uuid: str, number: int) -> str:
    """Return a MAC address for the `number`-th interface of a domain, from QEMU's range."""
    tail = hashlib.sha256(f"{uuid} {number}".encode()).hexdigest()
    return f"52:54:00:{tail[:2]}:{tail[2:4]}:{tail[4:6]}"


def _parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - XML from libvirt on a host that we control


def _set(parent: ET.Element, tag: str, text: str) -> None:
    child = parent.find(tag)
    if child is None:
        child = ET.SubElement(parent, tag)
    child.text = text
